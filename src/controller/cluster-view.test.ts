import { describe, expect, it } from 'vitest';
import type { PlacementWire } from '../crds/placement-schema.ts';
import type { AllocatedGuest } from '../crds/realtime-allocation.ts';
import type { RealtimeNode } from '../crds/realtime-node.ts';
import type { Stored } from '../store/resource.ts';
import { ClusterView } from './cluster-view.ts';
import type { NodeFacts } from './node-facts.ts';

type Table = Stored<'RealtimeAllocation'>;

const meta = { namespace: '', name: 'n1', uid: 'u1', generation: 1, creationTimestamp: '2026-01-31T12:00:00Z' };
const table = (resourceVersion: string, term: string): Table => ({
  apiVersion: 'rtvm.dev/v1alpha1', kind: 'RealtimeAllocation', metadata: { ...meta, resourceVersion }, spec: { guests: [], term },
});

function nodeOf(change: (node: Stored<'RealtimeNode'>) => Partial<Stored<'RealtimeNode'>> = () => ({}), resourceVersion = '1'): Stored<'RealtimeNode'> {
  const topology: NonNullable<RealtimeNode['status']>['topology'] = { numaNodes: [{ id: 0, cpus: '0-3', memoryMiB: 1024, hugepages: [] }], caches: [], pciDevices: [] };
  const spec: RealtimeNode['spec'] = { dedicatedCpus: '1-3', sharedCpus: '0', vcpusPerSharedCpu: 4, reservedHugepages: [], unschedulable: false, maxPriority: 49, networks: [], deviceClasses: [] };
  const node: Stored<'RealtimeNode'> = { apiVersion: 'rtvm.dev/v1alpha1', kind: 'RealtimeNode', metadata: { ...meta, resourceVersion }, spec, status: { topology, orphans: [] } };
  return { ...node, ...change(node) };
}

const facts: NodeFacts = { node: { metadata: { name: 'n1', uid: 'n', creationTimestamp: meta.creationTimestamp, resourceVersion: '1', labels: { 'rtvm.dev/realtime': 'true' } }, spec: {}, status: {} }, alive: true };

function viewed() {
  const seen = { changes: 0, wentBack: 0 };
  const view = new ClusterView({ changed: () => (seen.changes += 1), wentBack: () => (seen.wentBack += 1) });
  return { view, seen };
}

describe('what the controller knows of a node\'s table', () => {
  it('passes over what is older than its own last write, however late a watch tells of it', () => {
    const { view, seen } = viewed();
    view.tableKnown(table('20', 'ours'));
    expect(view.tableSeen(table('12', 'on its way'))).toBe(false);
    expect(view.tableOf('n1')?.spec.term).toBe('ours');
    expect(view.tableSeen(table('20', 'ours'))).toBe(true);
    expect(view.tableSeen(table('21', 'later'))).toBe(true);
    expect(seen.wentBack).toBe(0);
  });

  it('knows that the store has gone back when the store itself tells an older table', () => {
    const { view, seen } = viewed();
    view.tableKnown(table('20', 'ours'));
    view.tableKnown(table('12', 'put back'));
    expect(seen.wentBack).toBe(1);
    expect(view.tableSeen(table('13', 'goes on from there'))).toBe(true);
    expect(seen.wentBack).toBe(1);
  });

  it('takes a table made anew for no older one', () => {
    const { view, seen } = viewed();
    view.tableKnown(table('20', 'ours'));
    expect(view.tableSeen({ ...table('12', 'anew'), metadata: { ...meta, uid: 'u2', resourceVersion: '12' } })).toBe(true);
    expect(seen.wentBack).toBe(0);
  });
});

describe('what VMs that wait are told of a node', () => {
  it('is nothing while it stands as before, whatever else is written of it', () => {
    const { view, seen } = viewed();
    view.nodeChanged(nodeOf(), facts);
    expect(seen.changes).toBe(1);
    view.nodeChanged(nodeOf((node) => ({ status: { ...node.status!, term: 'another', versions: { kernel: '6.12' } } }), '2'), { ...facts, node: { ...facts.node!, metadata: { ...facts.node!.metadata, resourceVersion: '9' } } });
    expect(seen.changes).toBe(1);
  });

  it.each<[string, Stored<'RealtimeNode'>, NodeFacts]>([
    ['its dedicated CPUs', nodeOf((node) => ({ spec: { ...node.spec, dedicatedCpus: '2-3' } })), facts],
    ['its topology', nodeOf((node) => ({ status: { ...node.status!, topology: { ...node.status!.topology!, cores: ['0-1', '2-3'] } } })), facts],
    ['its measured latency', nodeOf((node) => ({ status: { ...node.status!, latency: { maxMicroseconds: 9 } } })), facts],
    ['its readiness', nodeOf((node) => ({ status: { ...node.status!, conditions: [{ type: 'Ready', status: 'False', reason: 'R', message: 'no KVM', lastTransitionTime: '2026-01-31T12:00:00Z' }] } })), facts],
    ['its orphans', nodeOf((node) => ({ status: { ...node.status!, orphans: [{ domain: 'd', uuid: '00000000-0000-4000-8000-000000000000' }] } })), facts],
    ['its agent, which is away', nodeOf(), { ...facts, alive: false }],
    ['the labels of its Node', nodeOf(), { ...facts, node: { ...facts.node!, metadata: { ...facts.node!.metadata, labels: {} } } }],
    ['a cordon', nodeOf(), { ...facts, node: { ...facts.node!, spec: { unschedulable: true } } }],
    ['the end of its Node', nodeOf(), { ...facts, node: undefined }],
  ])('is told of %s', (_, node, told) => {
    const { view, seen } = viewed();
    view.nodeChanged(nodeOf(), facts);
    view.nodeChanged(node, told);
    expect(seen.changes).toBe(2);
  });

  it('is told again what is wrong with it', () => {
    const { view } = viewed();
    const wrong = nodeOf((node) => ({ spec: { ...node.spec, dedicatedCpus: '9' } }));
    expect(view.nodeChanged(wrong, facts)).toMatch(/spec\.dedicatedCpus/);
    expect(view.nodeChanged(wrong, facts)).toMatch(/spec\.dedicatedCpus/);
  });
});

describe('entries in the way of a domain that no table names', () => {
  const uuid = '00000000-0000-4000-8000-000000000000';
  const placed = (cpu: number, memoryMiB = 64): PlacementWire => ({
    nodeName: 'n1', cells: [{ cell: 0, numaNode: 0, vcpus: '0', memoryMiB, pageSize: '2Mi' }], vcpuPins: [{ vcpu: 0, cpu }],
    realtimeVcpus: '', emulatorCpus: '0', reservedCpus: '', devices: [], extraMemoryMiB: 0,
  });
  const entry = (uid: string, placement: PlacementWire) => ({
    vm: { namespace: 'ran', name: uid, uid }, guest: { disks: [] }, placement,
  }) as unknown as AllocatedGuest;
  const orphan = (uid: string, placement: PlacementWire) => ({ domain: `rtvm-ran-${uid}`, uuid, vm: { namespace: 'ran', name: uid, uid }, placement });

  /** A node with 128 pages of 2 MiB. */
  function viewOf(guests: readonly AllocatedGuest[], orphans: readonly object[], running: readonly string[] = []) {
    const { view } = viewed();
    const hugepages = [{ size: '2Mi', total: 128, free: 128 }];
    view.tableKnown({ ...table('1', 'ours'), spec: { guests: [...guests] }, status: { guests: running.map((uid) => ({ uid, phase: 'Running' })) } } as unknown as Table);
    view.nodeChanged(nodeOf((node) => ({ status: { ...node.status!, orphans, topology: { ...node.status!.topology!, numaNodes: [{ id: 0, cpus: '0-3', memoryMiB: 1024, hugepages }] } } }) as Partial<Stored<'RealtimeNode'>>), facts);
    return { view, inTheWay: (uid: string) => view.inTheWayOf(view.orphanOf({ namespace: 'ran', name: uid, uid })!, uid).map(({ vm }) => vm.uid) };
  }

  it('are those that have its CPUs, and not its own VM\'s', () => {
    const [first, second, own] = [entry('first', placed(1)), entry('second', placed(2)), entry('own', placed(2))];
    const { view, inTheWay } = viewOf([first, second, own], [orphan('own', placed(2))]);
    expect(inTheWay('own')).toEqual(['second']);
    expect([first, second, own].map((one) => view.isOverrun('n1', one))).toEqual([false, true, false]);
  });

  it('are, where pages are short, those that do not run', () => {
    const [runs, waits] = [entry('runs', placed(1)), entry('waits', placed(2))];
    const { view, inTheWay } = viewOf([runs, waits], [orphan('late', placed(3, 192))], ['runs']);
    expect(inTheWay('late')).toEqual(['waits']);
    expect([runs, waits].map((one) => view.isOverrun('n1', one))).toEqual([false, true]);
    expect(viewOf([runs], [orphan('late', placed(3, 192))], ['runs']).inTheWay('late')).toEqual([]);
  });

  it('are none where there is room for both, and none of somebody else\'s domain', () => {
    expect(viewOf([entry('first', placed(1))], [orphan('late', placed(2))]).inTheWay('late')).toEqual([]);
    const first = entry('first', placed(2));
    expect(viewOf([first], [{ domain: 'theirs', uuid, placement: placed(2) }]).view.isOverrun('n1', first)).toBe(false);
  });
});
