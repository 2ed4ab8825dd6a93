import { expect, it } from 'vitest';
import { CpuSet } from '../../realtime/cpu-set.ts';
import type { HostInventory } from '../../realtime/host.ts';
import { numaNodeId } from '../../realtime/ids.ts';
import { Cluster } from '../../realtime/place/cluster.ts';
import { claimedCpus, sampleGuest, sampleHost } from '../../realtime/place/sample-hosts.ts';
import type { SampleGuest } from '../../realtime/place/sample-hosts.ts';
import { nearnessParts } from './nearness-parts.ts';

/**
 * Three nodes of four CPUs, two L3 groups on each; nodes 0 and 2 are near each other, and the only device is on node
 * 2.
 */
const distances = [
  [10, 31, 13],
  [31, 10, 31],
  [13, 31, 10],
];
const plain = sampleHost({
  name: 'host',
  nodes: ['0-3', '4-7', '8-11'],
  rest: { deviceClasses: [{ name: 'nic', devices: [{ address: '0000:3b:00.0', numaNode: numaNodeId(2) }] }] },
});
const host: HostInventory = {
  ...plain,
  numaNodes: plain.numaNodes.map((node) => ({ ...node, distances: distances[node.id]! })),
  caches: ['0-1', '2-3', '4-5', '6-7', '8-9', '10-11'].map((cpus) => ({ level: 3, cpus: CpuSet.parse(cpus) })),
};
const device = { hostDevices: [{ name: 'radio', class: 'nic', numaAffinity: 'Preferred' as const }] };

interface Row {
  readonly title: string;
  readonly on: HostInventory;
  readonly taken?: string;
  readonly guest: SampleGuest;
  readonly parts: readonly string[];
}

const rows: readonly Row[] = [
  { title: 'one cell in one L3', on: host, guest: { vcpus: 2 }, parts: ['vCPUs in one L3'] },
  { title: 'one cell over two', on: host, guest: { vcpus: 3 }, parts: ['vCPUs over 2 L3'] },
  {
    title: 'two cells and how far their nodes are apart',
    on: host,
    guest: { vcpus: 5, cells: ['0-1', '2-4'] },
    parts: ['vCPUs of cell 0 in one L3', 'vCPUs of cell 1 over 2 L3', 'nodes at most 13 apart'],
  },
  {
    title: 'a device on another node',
    on: host,
    taken: '8-11',
    guest: { vcpus: 1, rest: device },
    parts: ['vCPUs in one L3', 'radio on node 2, 13 away'],
  },
  {
    title: 'nothing of a device on its own node',
    on: host,
    guest: { vcpus: 1, rest: device },
    parts: ['vCPUs in one L3'],
  },
  {
    title: 'nothing where nothing is published, and all nodes are as far',
    on: sampleHost({ nodes: ['0-3', '4-7'] }),
    guest: { vcpus: 2, cells: ['0', '1'] },
    parts: [],
  },
  {
    title: 'nothing of a guest that floats',
    on: sampleHost({ nodes: ['0-3'], shared: '0' }),
    guest: { vcpus: 2, policy: 'Shared' },
    parts: [],
  },
];

it.each(rows)('says $title', ({ on, taken = '', guest, parts }) => {
  const decision = new Cluster([on], [claimedCpus('host', taken)]).decide(sampleGuest(guest));
  if (decision.kind === 'refused') throw new Error(JSON.stringify(decision));
  expect(nearnessParts(on, decision.placement)).toEqual(parts);
});
