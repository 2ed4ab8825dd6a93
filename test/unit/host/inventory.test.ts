import { describe, expect, test } from 'vitest';
import { makeInventory } from '../../../src/node-agent/host/inventory.ts';
import type { HostPolicy } from '../../../src/node-agent/host/inventory.ts';
import { readTopology } from '../../../src/node-agent/host/topology.ts';
import type { HostTopology } from '../../../src/node-agent/host/topology.ts';
import { CpuSet } from '../../../src/realtime/cpu-set.ts';
import type { HostInventory } from '../../../src/realtime/host.ts';
import { numaNodeId } from '../../../src/realtime/ids.ts';
import { recordedHost, unpackHost } from '../../fixtures/hosts/host-fixture.ts';
import type { HostFiles } from '../../fixtures/hosts/host-fixture.ts';
import { fourThreadHost, hostWithGaps, hostWithoutNuma, largeSmtHost, syntheticHost } from '../../fixtures/hosts/synthetic-host.ts';
import { printed } from './printed.ts';

const identity = { name: 'host-a', labels: { 'rtvm.dev/realtime': 'true' } };

function topologyOf(files: HostFiles): HostTopology {
  using host = unpackHost(files);
  return readTopology(host.root);
}

/** What an administrator who says nothing gets. */
const defaults = { ...identity, vcpusPerSharedCpu: 4, reservedHugepages: [], unschedulable: false, maxPriority: 49, networks: [], deviceClasses: [] };

const pages = (count2Mi: number, count1Gi?: number) => [
  { sizeKiB: 2048, total: count2Mi, free: count2Mi },
  ...(count1Gi === undefined ? [] : [{ sizeKiB: 1_048_576, total: count1Gi, free: count1Gi }]),
];

const inventories: { title: string; files: HostFiles; expected: Record<keyof Omit<HostInventory, keyof typeof defaults | 'latencyMicroseconds' | 'notReady' | 'taints'>, unknown>; warnings: string[] }[] = [
  {
    title: 'a small virtual machine: nothing isolated, nothing dedicated',
    files: recordedHost('two-cpus'),
    expected: {
      numaNodes: [{ id: 0, cpus: '0-1', memoryMiB: 6874, distances: [10], hugepages: pages(64, 0) }],
      cores: ['0', '1'],
      caches: [{ level: 3, cpus: '0-1' }],
      dedicatedCpus: '',
      sharedCpus: '0-1',
    },
    warnings: ['NOTHING_DEDICATED'],
  },
  {
    title: 'a realtime host with two sockets',
    files: recordedHost('realtime-two-sockets'),
    expected: {
      numaNodes: [
        { id: 0, cpus: '0-3', memoryMiB: 1912, distances: [10, 20], hugepages: pages(128, 0) },
        { id: 1, cpus: '4-7', memoryMiB: 2012, distances: [20, 10], hugepages: pages(128, 0) },
      ],
      cores: ['0-1', '2-3', '4-5', '6-7'],
      caches: [{ level: 3, cpus: '0-3' }, { level: 3, cpus: '4-7' }],
      dedicatedCpus: '2-3,6-7',
      sharedCpus: '0-1,4-5',
    },
    warnings: [],
  },
  {
    title: '128 CPUs whose siblings lie 64 apart',
    files: syntheticHost(largeSmtHost),
    expected: {
      numaNodes: [
        { id: 0, cpus: '0-31,64-95', memoryMiB: 262_144, distances: [10, 32], hugepages: pages(1024, 128) },
        { id: 1, cpus: '32-63,96-127', memoryMiB: 262_144, distances: [32, 10], hugepages: pages(1024, 128) },
      ],
      cores: largeSmtHost.cores,
      caches: [{ level: 3, cpus: '0-31,64-95' }, { level: 3, cpus: '32-63,96-127' }],
      dedicatedCpus: '8-31,40-63,72-95,104-127',
      sharedCpus: '0-7,32-39,64-71,96-103',
    },
    warnings: [],
  },
  {
    title: 'four threads a core',
    files: syntheticHost(fourThreadHost),
    expected: {
      numaNodes: [{ id: 0, cpus: '0-15', memoryMiB: 32_768, distances: [10], hugepages: pages(512) }],
      cores: ['0-3', '4-7', '8-11', '12-15'],
      caches: [{ level: 3, cpus: '0-15' }],
      dedicatedCpus: '4-15',
      sharedCpus: '0-3',
    },
    warnings: [],
  },
  {
    title: 'a kernel without NUMA: one node 0 that has everything',
    files: syntheticHost(hostWithoutNuma),
    expected: {
      numaNodes: [{ id: 0, cpus: '0-3', memoryMiB: 8192, distances: [10], hugepages: pages(64) }],
      cores: ['0', '1', '2', '3'],
      caches: [],
      dedicatedCpus: '2-3',
      sharedCpus: '0-1',
    },
    warnings: [],
  },
  {
    title: 'offline CPUs, gaps in node numbers, a node of memory alone',
    files: syntheticHost(hostWithGaps),
    expected: {
      numaNodes: [
        { id: 0, cpus: '0-1,4-5', memoryMiB: 16_384, distances: [10, 21, 31], hugepages: pages(16) },
        { id: 2, cpus: '2,6', memoryMiB: 16_384, distances: [21, 10, 31], hugepages: pages(16) },
        { id: 4, cpus: '', memoryMiB: 65_536, distances: [31, 31, 10], hugepages: pages(0) },
      ],
      cores: ['0,4', '1,5', '2,6'],
      caches: [{ level: 3, cpus: '0-1,4-5' }],
      dedicatedCpus: '2,6',
      sharedCpus: '0-1,4-5',
    },
    warnings: [],
  },
];

test.each(inventories)('$title', ({ files, expected, warnings }) => {
  const inventory = makeInventory(topologyOf(files), identity);
  expect(printed(inventory)).toEqual({ ok: true, value: { ...defaults, ...expected }, warnings: warnings.map((code) => expect.objectContaining({ code }) as unknown) });
});

test('surplus pages are no stock: they vanish when they are free', () => {
  const directory = 'sys/devices/system/node/node0/hugepages/hugepages-2048kB';
  const files = new Map([...recordedHost('two-cpus'), [`${directory}/nr_hugepages`, '70'], [`${directory}/free_hugepages`, '70'], [`${directory}/surplus_hugepages`, '10']]);
  expect(topologyOf(files).numaNodes[0]?.hugepages[0]).toEqual({ sizeKiB: 2048, total: 60, free: 60 });
});

test('isolated cpuset partitions count as isolated', () => {
  const files = new Map([...recordedHost('two-cpus'), ['sys/fs/cgroup/cpuset.cpus.isolated', '1']]);
  expect(topologyOf(files).isolated.toString()).toBe('1');
});

describe('what an administrator says', () => {
  const topology = topologyOf(recordedHost('realtime-two-sockets'));
  const cpus = (text: string) => CpuSet.parse(text);

  const divisions: { policy: HostPolicy; dedicated: string; shared: string; warnings: string[] }[] = [
    { policy: { dedicatedCpus: cpus('2-3') }, dedicated: '2-3', shared: '0-1,4-5', warnings: [] },
    { policy: { sharedCpus: cpus('0') }, dedicated: '2-3,6-7', shared: '0', warnings: [] },
    { policy: { sharedCpus: cpus('0-3') }, dedicated: '6-7', shared: '0-3', warnings: [] },
    { policy: { dedicatedCpus: cpus('1-3'), sharedCpus: cpus('0') }, dedicated: '1-3', shared: '0', warnings: ['CORE_DEDICATED_AND_SHARED'] },
    { policy: { dedicatedCpus: cpus(''), sharedCpus: cpus('0-7') }, dedicated: '', shared: '0-7', warnings: ['NOTHING_DEDICATED'] },
    { policy: { dedicatedCpus: cpus('0-7') }, dedicated: '0-7', shared: '', warnings: [] },
  ];
  test.each(divisions)('$policy', ({ policy, dedicated, shared, warnings }) => {
    const made = makeInventory(topology, identity, policy);
    expect(made.ok && [made.value.dedicatedCpus.toString(), made.value.sharedCpus.toString(), made.warnings.map(({ code }) => code)]).toEqual([dedicated, shared, warnings]);
  });

  test('reaches the inventory whole', () => {
    const policy: HostPolicy = {
      dedicatedCpus: cpus('2-3'),
      sharedCpus: cpus('0-1'),
      vcpusPerSharedCpu: 2,
      reservedHugepages: [{ numaNode: numaNodeId(1), sizeKiB: 2048, count: 8 }],
      unschedulable: true,
      maxPriority: 20,
      networks: [{ name: 'fronthaul', openToInline: false, kind: 'bridge', bridge: 'br0' }],
      deviceClasses: [{ name: 'fec', devices: [{ address: '0000:3b:00.1' }] }],
    };
    const { numaNodes, cores, caches } = topology;
    expect(printed(makeInventory(topology, identity, policy))).toEqual(printed({ ok: true, value: { ...identity, numaNodes, cores, caches, ...policy }, warnings: [] }));
  });

  const refusals: { policy: HostPolicy; code: string; path: string; message: string }[] = [
    {
      policy: { dedicatedCpus: cpus('6-9') },
      code: 'CPU_NOT_ONLINE',
      path: 'spec.dedicatedCpus',
      message: 'CPUs 8-9 are not online on this host; accepted: CPUs among 0-7',
    },
    {
      policy: { dedicatedCpus: cpus('0-3'), sharedCpus: cpus('3-4') },
      code: 'CPU_DEDICATED_AND_SHARED',
      path: 'spec.sharedCpus',
      message: 'CPUs 3 are in spec.dedicatedCpus (0-3) too; a CPU is dedicated or shared, never both',
    },
    {
      policy: { reservedHugepages: [{ numaNode: numaNodeId(2), sizeKiB: 2048, count: 1 }] },
      code: 'NUMA_NODE_MISSING',
      path: 'spec.reservedHugepages[0].numaNode',
      message: 'this host has no NUMA node 2; accepted: 0-1',
    },
    {
      policy: { reservedHugepages: [{ numaNode: numaNodeId(0), sizeKiB: 2048, count: 129 }] },
      code: 'TOO_FEW_HUGEPAGES',
      path: 'spec.reservedHugepages[0].count',
      message: 'NUMA node 0 has 128 pages of 2048 KiB, fewer than the 129 that are to be reserved; accepted: 0 to 128',
    },
  ];
  test.each(refusals)('$code', ({ policy, code, path, message }) => {
    expect(makeInventory(topology, identity, policy)).toEqual({ ok: false, problems: [expect.objectContaining({ code, path, message })] });
  });
});

describe('a host that cannot be read', () => {
  const broken: [string, string, string | undefined, string][] = [
    ['no sysfs', 'sys/devices/system/cpu/online', undefined, 'names no CPU; is sysfs mounted there?'],
    ['no CPU list', 'sys/devices/system/cpu/online', 'zero', '"zero" is not a CPU list: item "zero" is neither a number nor a range; accepted: numbers and ranges such as "0-3,8"'],
    ['memory of a node', 'sys/devices/system/node/node0/meminfo', 'Node 0 MemFree: 1 kB', 'has no line "MemTotal: N kB"'],
    ['distances', 'sys/devices/system/node/node0/distance', '10 20', 'has 2 distances, but 1 nodes are online'],
    ['page count', 'sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages', 'many', 'holds "many", a whole number was expected'],
  ];
  test.each(broken)('%s', (_, path, content, message) => {
    const files = new Map(recordedHost('two-cpus'));
    if (content === undefined) files.delete(path);
    else files.set(path, content);
    using host = unpackHost(files);
    expect(() => readTopology(host.root)).toThrow(expect.objectContaining({ code: 'HOST_UNREADABLE', message: expect.stringMatching(new RegExp(`^${host.directory}/${path}.*${escaped(message)}$`)) as unknown }));
  });
});

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
