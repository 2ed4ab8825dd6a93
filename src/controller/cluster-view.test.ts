import { describe, expect, it } from 'vitest';
import type { PlacementWire } from '../crds/placement-schema.ts';
import type { AllocatedGuest, UnlistedDomain } from '../crds/realtime-allocation.ts';
import type { RealtimeNode } from '../crds/realtime-node.ts';
import { sampleGuest } from '../realtime/place/sample-hosts.ts';
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
  const seen = { changes: 0, read: [] as string[] };
  const view = new ClusterView({
    changed: () => (seen.changes += 1),
    read: ({ spec, metadata }) => void seen.read.push(`${metadata.resourceVersion} ${spec.term}`),
  });
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
    expect(seen.read).toEqual(['20 ours', '20 ours', '21 later']);
  });

  it('takes over an older table that the store itself tells, and shows each that it reads to who remembers counts', () => {
    const { view, seen } = viewed();
    view.tableKnown(table('20', 'ours'));
    view.tableKnown(table('12', 'put back'));
    expect(view.tableOf('n1')?.spec.term).toBe('put back');
    expect(view.tableSeen(table('13', 'goes on from there'))).toBe(true);
    expect(seen.read).toEqual(['20 ours', '12 put back', '13 goes on from there']);
  });

  it('goes back to no write of its own that a watch has gone past before the answer came', () => {
    const { view } = viewed();
    expect(view.tableSeen(table('21', 'answered'))).toBe(true);
    view.tableWritten(table('20', 'ours'));
    expect(view.tableOf('n1')?.spec.term).toBe('answered');
    view.tableWritten(table('22', 'ours'));
    expect(view.tableOf('n1')?.spec.term).toBe('ours');
    // Made anew.
    view.tableGone('n1');
    view.tableWritten({ ...table('12', 'anew'), metadata: { ...meta, uid: 'u2', resourceVersion: '12' } });
    expect(view.tableOf('n1')?.spec.term).toBe('anew');
  });

  it('takes a table made anew for no older one', () => {
    const { view } = viewed();
    view.tableKnown(table('20', 'ours'));
    expect(view.tableSeen({ ...table('12', 'anew'), metadata: { ...meta, uid: 'u2', resourceVersion: '12' } })).toBe(true);
    expect(view.tableOf('n1')?.spec.term).toBe('anew');
  });

  it('is of another epoch once its seal, its session, or what its agent stands on is another', () => {
    const { view } = viewed();
    const known = table('1', 't/1');
    const epochs: number[] = [];
    const versions: readonly Table[] = [
      known, { ...known, spec: { ...known.spec, session: 's' } }, { ...known, spec: { ...known.spec, session: 's', fenced: true } },
      { ...known, status: { guests: [], session: 's', term: 't/1' } },
      { ...known, status: { guests: [{ uid: 'u', phase: 'Running' }], session: 's', term: 't/1', number: 2 } },
      { ...known, spec: { ...known.spec, kept: ['g'] }, status: { guests: [], session: 's', term: 't/1' } },
      { ...known, status: { guests: [], session: 's', term: 't/1', wentBack: 'Yes' } },
    ];
    for (const version of versions) {
      view.tableKnown(version);
      epochs.push(view.epochOf('n1'));
    }
    expect(epochs).toEqual([0, 1, 2, 3, 3, 4, 5]);
  });

  it('counts when it is gone, until there is one again', () => {
    const { view } = viewed();
    view.tableKnown(table('20', 'ours'));
    view.tableGone('n1');
    expect([view.isGone('n1'), view.tableOf('n1')?.spec.term]).toEqual([true, 'ours']);
    view.tableKnown(table('21', 'anew'));
    expect(view.isGone('n1')).toBe(false);
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

  it('is told why nothing is to be started there, which is no fault of its spec', () => {
    const { view, seen } = viewed();
    const guest = sampleGuest({ vcpus: 1 });
    expect(view.nodeChanged(nodeOf(), facts, 'its agent has not told yet')).toBeUndefined();
    expect(JSON.stringify(view.decide(guest))).toContain('its agent has not told yet');
    view.nodeChanged(nodeOf(), facts);
    expect(seen.changes).toBe(2);
    expect(JSON.stringify(view.decide(guest))).not.toContain('its agent has not told yet');
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
  const unlisted = (uid: string, placement: PlacementWire) => ({
    grant: 'g', domain: `rtvm-ran-${uid}`, uuid, vm: { namespace: 'ran', name: uid, uid }, generation: 1, placement,
  });
  const topology = { ...nodeOf().status!.topology!, numaNodes: [{ id: 0, cpus: '0-3', memoryMiB: 1024, hugepages: [{ size: '2Mi', total: 128, free: 128 }] }] };

  /** A node with 128 pages of 2 MiB. */
  function viewOf(guests: readonly AllocatedGuest[], found: readonly UnlistedDomain[], running: readonly string[] = []) {
    const { view, seen } = viewed();
    const status = { guests: running.map((uid) => ({ uid, phase: 'Running' as const })), unlisted: [...found] };
    view.tableKnown({ ...table('1', 'ours'), spec: { guests: [...guests] }, status });
    view.nodeChanged(nodeOf((node) => ({ status: { ...node.status!, topology } })), facts);
    return { view, seen, inTheWay: ({ vm: { uid }, placement }: UnlistedDomain) => view.inTheWayOf('n1', uid, placement!).map(({ vm }) => vm.uid) };
  }

  it('are those that have its CPUs, and not its own VM\'s', () => {
    const own = unlisted('own', placed(2));
    const { inTheWay } = viewOf([entry('first', placed(1)), entry('second', placed(2)), entry('own', placed(2))], [own]);
    expect(inTheWay(own)).toEqual(['second']);
  });

  it('are, where pages are short, those that do not run', () => {
    const [runs, waits, late] = [entry('runs', placed(1)), entry('waits', placed(2)), unlisted('late', placed(3, 192))];
    expect(viewOf([runs, waits], [late], ['runs']).inTheWay(late)).toEqual(['waits']);
    expect(viewOf([runs], [late], ['runs']).inTheWay(late)).toEqual([]);
  });

  it('are none where there is room for both, and none of somebody else\'s domain', () => {
    const late = unlisted('late', placed(2));
    expect(viewOf([entry('first', placed(1))], [late]).inTheWay(late)).toEqual([]);
    const { view } = viewOf([], []);
    view.nodeChanged(nodeOf((node) => ({ status: { ...node.status!, topology, orphans: [{ domain: 'theirs', uuid, placement: placed(2) }] } })), facts);
    expect(view.inTheWayOf('n1', 'late', placed(2))).toEqual([]);
  });

  it('are not looked for by a grant that was made: that has room where nobody at all has what it claims', () => {
    const late = unlisted('late', placed(2));
    const { view } = viewOf([entry('first', placed(1))], [late]);
    expect([1, 2, 3].map((cpu) => view.hasRoom('n1', entry('new', placed(cpu))))).toEqual([false, false, true]);
    // It is held from the moment that it is made, and no longer than it is kept.
    view.reserve('n1', entry('new', placed(3)));
    expect([view.hasRoom('n1', entry('new', placed(3))), view.hasRoom('n1', entry('other', placed(3)))]).toEqual([true, false]);
    // And is no entry that anybody else could know of.
    expect([view.find('new'), view.written('n1', 'new')]).toEqual([undefined, undefined]);
    view.unreserve('n1', entry('new', placed(3)));
    expect(view.hasRoom('n1', entry('other', placed(3)))).toBe(true);
  });

  it('VMs that wait are told when such a domain has ended', () => {
    const { view, seen } = viewOf([], [unlisted('late', placed(2))]);
    const before = seen.changes;
    view.tableKnown({ ...table('2', 'ours'), spec: { guests: [] }, status: { guests: [] } });
    expect(seen.changes).toBe(before + 1);
    expect(view.hasRoom('n1', entry('other', placed(2)))).toBe(true);
  });

  it('a domain that does not say readably what it holds keeps its node from new VMs', () => {
    const wrong = { ...placed(1), vcpuPins: [{ vcpu: 0 }] };
    const { view } = viewOf([], [unlisted('odd', wrong)]);
    expect(JSON.stringify(view.decide(sampleGuest({ vcpus: 1 })))).toContain('it cannot be read what domain rtvm-ran-odd holds there');
  });
});
