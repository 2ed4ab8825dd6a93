import { describe, expect, it } from 'vitest';
import { CpuSet, unionOf } from '../cpu-set.ts';
import type { HostDevice, HostInventory } from '../host.ts';
import { numaNodeId } from '../ids.ts';
import { pinCpus } from '../placement.ts';
import { Cluster } from './cluster.ts';
import { claimedCpus, sampleGuest, sampleHost } from './sample-hosts.ts';
import type { SampleGuest, SampleHost } from './sample-hosts.ts';

/** Caches as lists of CPUs, L3 unless another level is given. */
const sharing = (lists: readonly string[], level = 3): Partial<HostInventory> => ({
  caches: lists.map((cpus) => ({ level, cpus: CpuSet.parse(cpus) })),
});

interface Row {
  readonly title: string;
  readonly host: SampleHost;
  readonly taken?: string;
  readonly guest: SampleGuest;
  /** pCPUs of vCPU 0, 1, 2, … */
  readonly pins: string;
  readonly emulator?: string;
}

/** One node of three groups of three CPUs. */
const threes = { nodes: ['0-8'], rest: sharing(['0-2', '3-5', '6-8']) };
/** One node of two groups, each of two cores of two threads. */
const smt = { nodes: ['0-7'], cores: ['0,4', '1,5', '2,6', '3,7'], rest: sharing(['0-1,4-5', '2-3,6-7']) };
const isolated = { emulatorThreads: 'Isolate' } as const;

const onNode: readonly Row[] = [
  { title: 'one L3 where one has room', host: threes, taken: '0', guest: { vcpus: 3 }, pins: '3 4 5' },
  {
    title: 'a group that somebody is on, and not a whole one',
    host: threes,
    taken: '3',
    guest: { vcpus: 2 },
    pins: '4 5',
  },
  {
    title: 'of those the one with the fewest free CPUs',
    host: { nodes: ['0-9'], rest: sharing(['0-4', '5-9']) },
    taken: '0,5-6',
    guest: { vcpus: 2 },
    pins: '7 8',
  },
  { title: 'the first of equal ones', host: threes, guest: { vcpus: 2 }, pins: '0 1' },
  { title: 'as few as hold it where none does', host: threes, taken: '0,3', guest: { vcpus: 5 }, pins: '1 2 6 7 8' },
  {
    title: 'the level that there is, where that is no L3',
    host: { nodes: ['0-5'], rest: sharing(['0-2', '3-5'], 2) },
    taken: '0',
    guest: { vcpus: 3 },
    pins: '3 4 5',
  },
  {
    title: 'L3 and not the level below',
    host: {
      nodes: ['0-5'],
      rest: { caches: [...sharing(['0-5']).caches!, ...sharing(['0-1', '2-3', '4-5'], 2).caches!] },
    },
    taken: '0',
    guest: { vcpus: 3 },
    pins: '1 2 3',
  },
  {
    title: 'a core that shares nothing is by itself',
    host: { nodes: ['0-4'], rest: sharing(['1-2', '3-4']) },
    guest: { vcpus: 2 },
    pins: '1 2',
  },
  {
    title: 'whole cores inside of a group before single CPUs of two',
    host: smt,
    taken: '0',
    guest: { vcpus: 3, coreSharing: 'Forbid' },
    pins: '2 6 3',
  },
  {
    title: 'one thread a core, over two groups, where Isolate needs that',
    host: smt,
    guest: { vcpus: 3, threadPolicy: 'Isolate' },
    pins: '0 1 2',
  },
  {
    title: 'the emulator beside them where a group has room for it',
    host: { nodes: ['0-6'], rest: sharing(['0-2', '3-6']) },
    guest: { vcpus: 3, ...isolated },
    pins: '3 4 5',
    emulator: '6',
  },
  {
    title: 'the emulator elsewhere where no group has, and the vCPUs together all the same',
    host: threes,
    taken: '0',
    guest: { vcpus: 3, ...isolated },
    pins: '3 4 5',
    emulator: '1',
  },
];

/** So many nodes of four CPUs, with the distances between them. */
const apart = (distances: readonly (readonly number[])[], rest: Partial<HostInventory> = {}) => {
  const host = sampleHost({ nodes: distances.map((_, node) => `${4 * node}-${4 * node + 3}`), rest });
  return { ...host, numaNodes: host.numaNodes.map((node) => ({ ...node, distances: distances[node.id]! })) };
};
/** Nodes 0 and 2 are one socket, nodes 1 and 3 the other. */
const sockets = [
  [10, 31, 13, 31],
  [31, 10, 31, 13],
  [13, 31, 10, 31],
  [31, 13, 31, 10],
];
const at = (address: string, node?: number): HostDevice => ({
  address: `0000:${address}:00.0`,
  ...(node === undefined ? {} : { numaNode: numaNodeId(node) }),
});
const nic = (...devices: readonly HostDevice[]) => ({ deviceClasses: [{ name: 'nic', devices }] });
const preferring = (count = 1) => ({
  hostDevices: Array.from({ length: count }, (_, index) => ({
    name: `d${index}`,
    class: 'nic',
    numaAffinity: 'Preferred' as const,
  })),
});

type CellRow = readonly [
  title: string,
  host: HostInventory,
  taken: string,
  guest: SampleGuest,
  nodes: readonly number[],
  devices?: readonly string[],
];

const betweenNodes: readonly CellRow[] = [
  ['two cells on the nearest nodes', apart(sockets), '', { vcpus: 4, cells: ['0-1', '2-3'] }, [0, 2]],
  ['the nearest that hold them', apart(sockets), '0-2', { vcpus: 4, cells: ['0-1', '2-3'] }, [1, 3]],
  [
    'of those that are as near, those with most free',
    apart(sockets),
    '4',
    { vcpus: 4, cells: ['0-1', '2-3'] },
    [0, 2],
  ],
  ['… or least, to pack', apart(sockets), '4', { vcpus: 4, cells: ['0-1', '2-3'], rest: { packing: 'Pack' } }, [1, 3]],
  [
    'three cells',
    apart([
      [10, 20, 30, 30],
      [20, 10, 30, 12],
      [30, 30, 10, 30],
      [30, 12, 30, 10],
    ]),
    '',
    { vcpus: 3, cells: ['0', '1', '2'] },
    [0, 1, 3],
  ],
  [
    'distances count in both ways',
    apart([
      [10, 12, 20],
      [90, 10, 20],
      [20, 20, 10],
    ]),
    '',
    { vcpus: 2, cells: ['0', '1'] },
    [0, 2],
  ],
  [
    'nodes are counted by number, in whatever order they are listed',
    {
      ...apart(sockets),
      numaNodes: apart(sockets)
        .numaNodes.map((node) => ({ ...node, distances: node.distances.toReversed() }))
        .toReversed(),
    },
    '',
    { vcpus: 4, cells: ['0-1', '2-3'] },
    [0, 2],
  ],
  [
    'a node whose L3 holds the cell before an emptier one',
    { ...sampleHost({ nodes: ['0-3', '4-9'], rest: sharing(['0-3', '4-5', '6-7', '8-9']) }) },
    '',
    { vcpus: 3 },
    [0],
  ],
  [
    'one L3 each before near nodes',
    apart(
      [
        [10, 31, 13],
        [31, 10, 31],
        [13, 31, 10],
      ],
      sharing(['0-3', '4-7', '8-9', '10-11']),
    ),
    '',
    { vcpus: 6, cells: ['0-2', '3-5'] },
    [0, 1],
  ],
  [
    'the device that is nearest, where the guest fits on no node that has one',
    apart(sockets, nic(at('3b', 1), at('5e', 0))),
    '0-3,4-7',
    { vcpus: 4, rest: preferring() },
    [2],
    ['5e'],
  ],
  [
    'devices before near nodes',
    apart(sockets, nic(at('3b', 0), at('5e', 1))),
    '',
    { vcpus: 4, cells: ['0-1', '2-3'], rest: preferring(2) },
    [0, 1],
    ['3b', '5e'],
  ],
  [
    'a node without devices, where the guest asks for none',
    apart(
      [
        [10, 20, 20],
        [20, 10, 20],
        [20, 20, 10],
      ],
      nic(at('3b', 0), at('5e', 2)),
    ),
    '4-5',
    { vcpus: 2 },
    [1],
  ],
  [
    'one with devices where no other holds it',
    apart(
      [
        [10, 20],
        [20, 10],
      ],
      nic(at('3b', 0)),
    ),
    '5-7',
    { vcpus: 2 },
    [0],
  ],
  [
    'of nodes that are as near, those without devices',
    apart(sockets, nic(at('3b', 2))),
    '4-5',
    { vcpus: 4, cells: ['0-1', '2-3'] },
    [3, 1],
  ],
  [
    '… and near ones before them',
    apart(
      [
        [10, 12, 30],
        [12, 10, 30],
        [30, 30, 10],
      ],
      nic(at('3b', 0)),
    ),
    '',
    { vcpus: 2, cells: ['0', '1'] },
    [0, 1],
  ],
  [
    'a device of which nobody knows where it is last',
    apart(sockets, nic(at('01'), at('5e', 3))),
    '4-15',
    { vcpus: 1, rest: preferring() },
    [0],
    ['5e'],
  ],
];

describe('on a node, vCPUs go to', () => {
  it.each(onNode)('$title', ({ host, taken = '', guest, pins, emulator }) => {
    const decision = new Cluster([sampleHost(host)], [claimedCpus('host', taken)]).decide(sampleGuest(guest));
    if (decision.kind === 'refused') throw new Error(JSON.stringify(decision));
    const { vcpuPins, emulatorCpus } = decision.placement;
    expect(vcpuPins.map((pin) => pinCpus(pin).toString()).join(' ')).toBe(pins);
    expect(emulatorCpus.toString()).toBe(emulator ?? unionOf(vcpuPins.map((pin) => pinCpus(pin))).toString());
  });
});

describe('cells go to', () => {
  it.each(betweenNodes.map((row) => ({ title: row[0], row })))(
    '$title',
    ({ row: [, host, taken, guest, nodes, devices = []] }) => {
      const decision = new Cluster([host], [claimedCpus('host', taken)]).decide(sampleGuest(guest));
      if (decision.kind === 'refused') throw new Error(JSON.stringify(decision));
      expect(decision.placement.cells.map(({ hostNode }) => hostNode)).toEqual(nodes);
      expect(decision.placement.devices.map(({ address }) => address.slice(5, 7))).toEqual(devices);
    },
  );
});
