import { expect, it } from 'vitest';
import type { PlacementWire } from '../../../crds/placement-schema.ts';
import type { Stored } from '../../../store/resource.ts';
import { nodeView } from './node-view.ts';

const metadata = (name: string) => ({ name, uid: `uid-${name}`, resourceVersion: '1', generation: 1, creationTimestamp: '2026-01-01T00:00:00Z' });
const placement = (more: Partial<PlacementWire>): PlacementWire => ({ nodeName: 'n1', cells: [], vcpuPins: [], realtimeVcpus: '', emulatorCpus: '', reservedCpus: '', devices: [], extraMemoryMiB: 0, ...more });

/** Four cores of two threads on two nodes: 0-1 shared, 2-6 dedicated, 7 the host's own. */
const node = {
  apiVersion: 'rtvm.dev/v1alpha1', kind: 'RealtimeNode', metadata: metadata('n1'),
  spec: { dedicatedCpus: '2-6', sharedCpus: '0-1', vcpusPerSharedCpu: 4, reservedHugepages: [{ numaNode: 0, size: '2Mi', count: 8 }], unschedulable: true, maxPriority: 49, networks: [], deviceClasses: [] },
  status: {
    topology: {
      numaNodes: [{ id: 0, cpus: '0-3', memoryMiB: 4096, hugepages: [{ size: '2Mi', total: 64 }] }, { id: 1, cpus: '4-7', memoryMiB: 4096, hugepages: [] }],
      cores: ['0,1', '2,3', '4,5', '6,7'], caches: [], pciDevices: [],
    },
    checks: [{ name: 'swap', result: 'Pass', observed: 'off', wanted: 'off' }, { name: 'throttling', result: 'Fail', observed: '950000', wanted: '-1' }],
    orphans: [{ domain: 'rtvm-old', uuid: 'b7a1f1d2-6f0e-4f6e-9a55-0d9f6f2f7c11', placement: placement({ vcpuPins: [{ vcpu: 0, cpu: 6 }], emulatorCpus: '6' }) }],
  },
} as const satisfies Stored<'RealtimeNode'>;

const guest = placement({
  cells: [{ cell: 0, numaNode: 0, vcpus: '0-1', memoryMiB: 32, pageSize: '2Mi' }],
  vcpuPins: [{ vcpu: 0, cpus: '0-1' }, { vcpu: 1, cpu: 2 }], realtimeVcpus: '1', emulatorCpus: '0-1', reservedCpus: '3', priority: 5,
});
const finding = { code: 'ThreadPolicy', severity: 'error', subject: 'CPU 1/KVM (tid 7)', expected: 'FIFO 5', observed: 'OTHER 0', message: 'm' } as const;
const table = {
  apiVersion: 'rtvm.dev/v1alpha1', kind: 'RealtimeAllocation', metadata: metadata('n1'),
  spec: { guests: [{ vm: { namespace: 'a', name: 'b', uid: 'u1' }, generation: 1, desired: 'Running', placement: guest }] },
  status: { guests: [{ uid: 'u1', phase: 'Running', audit: { verdict: 'Violated', findings: [finding] } }] },
} as unknown as Stored<'RealtimeAllocation'>;

it('says who has each CPU, what is the matter, and how many are taken', () => {
  const { view } = nodeView('n1', { node, table, facts: undefined }, new Map());
  const colourOf = (index: number) => view.vms[index]?.colour;
  expect(view).toEqual({
    name: 'n1',
    marks: [
      { level: 'bad', label: '1 VM not verified', text: 'a/b' },
      { level: 'bad', label: '1 failed check', text: 'throttling' },
      { level: 'bad', label: '1 orphan', text: 'Domains that no allocation names: rtvm-old' },
      { level: 'note', label: 'unschedulable', text: 'spec.unschedulable of the RealtimeNode: nothing new is placed here' },
    ],
    numa: [
      { id: 0, cores: [[[0, 'shared', [0]], [1, 'shared', [0]]], [[2, 'realtime', 0, 1, 0], [3, 'idle', 0]]], pages: [{ size: '2Mi', total: 64, taken: 24 }] },
      { id: 1, cores: [[[4, 'free'], [5, 'free']], [[6, 'vcpu', 1, 0, 1], [7, 'host']]], pages: [] },
    ],
    vms: [
      { key: 'a/b', letter: 'A', colour: colourOf(0), orphan: false, phase: 'Running', errors: 1, warnings: 0, flagged: [1] },
      { key: 'rtvm-old', letter: 'B', colour: colourOf(1), orphan: true, phase: 'Orphan', errors: 0, warnings: 0, flagged: [] },
    ],
    dedicated: 5,
    taken: 3,
  });
});

it('says what the cluster knows of a node, and what is not known', () => {
  const clusterNode = { metadata: { ...metadata('n1'), labels: {} }, spec: { unschedulable: true }, status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } };
  const labels = (facts: Parameters<typeof nodeView>[1]['facts'], there = true) => nodeView('n1', { node: there ? { ...node, spec: { ...node.spec, unschedulable: false }, status: { topology: node.status.topology } } : undefined, table: undefined, facts }, new Map()).view.marks.map(({ label }) => label);
  expect(labels({ node: clusterNode, leaseSilent: true })).toEqual(['not ready', 'agent silent', 'not labelled', 'cordoned']);
  expect(labels({ node: undefined, leaseSilent: false })).toEqual(['no Node']);
  expect(labels({ node: { ...clusterNode, metadata: { ...clusterNode.metadata, labels: { 'rtvm.dev/realtime': 'true' } }, spec: {}, status: {} }, leaseSilent: undefined })).toEqual([]);
  expect(labels(undefined, false)).toEqual(['no agent']);
});

it('says what is wrong with a spec that cannot be used', () => {
  const { view } = nodeView('n1', { node: { ...node, spec: { ...node.spec, sharedCpus: '0-2' } }, table, facts: undefined }, new Map());
  expect([view.numa, view.vms.length, view.marks[0]]).toEqual([[], 2, { level: 'bad', label: 'spec refused', text: expect.stringContaining('spec.sharedCpus has CPUs 2, which spec.dedicatedCpus has too') as unknown }]);
});
