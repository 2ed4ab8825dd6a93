import { describe, expect, test } from 'vitest';
import { CpuSet } from '../cpu-set.ts';
import type { HostInventory } from '../host.ts';
import { numaNodeId } from '../ids.ts';
import { Cluster } from './cluster.ts';
import { formatRefusal } from './refusal-groups.ts';
import { claimedCpus, sampleGuest, sampleHost } from './sample-hosts.ts';
import type { SampleGuest, SampleHost } from './sample-hosts.ts';

const plain: SampleHost = { nodes: ['0-3'] };
const pairs: SampleHost = { nodes: ['0-3'], cores: ['0,1', '2,3'] };
const pages = (...sizes: readonly (readonly [sizeKiB: number, total: number])[]) => sizes.map(([sizeKiB, total]) => ({ sizeKiB, total }));
const with_ = (host: SampleHost, rest: Partial<HostInventory>): SampleHost => ({ ...host, rest });
const asking = (rest: SampleGuest['rest'] = {}): SampleGuest => ({ vcpus: 1, rest });
const net = (name: string) => ({ name, network: name, model: 'virtio' as const });
const device = (numaAffinity: 'Required' | 'Preferred' = 'Preferred') => ({ name: 'd', class: 'nic', numaAffinity });
const nics = (count: number, numaNode?: number) => [{ name: 'nic', devices: Array.from({ length: count }, (_, index) => ({ address: `0000:3b:00.${index}`, ...(numaNode === undefined ? {} : { numaNode: numaNodeId(numaNode) }) })) }];

/** Every reason, in words for a person. */
const rows: readonly (readonly [reason: string, host: SampleHost & { readonly taken?: string }, guest: SampleGuest, message: string])[] = [
  ['HostUnschedulable', with_(plain, { unschedulable: true }), asking(), 'unschedulable, by its RealtimeNode or cordoned'],
  ['SelectorMismatch', with_(plain, { labels: { rack: 'r1' } }), asking({ nodeSelector: { rack: 'r2', zone: 'a' } }), 'without the label rack=r2, zone=a that nodeSelector asks for'],
  ['SelectorMismatch', plain, asking({ nodeSelector: { toString: 'x' } }), 'without the label toString=x that nodeSelector asks for'],
  ['LatencyTooHigh', plain, asking({ maxLatencyMicroseconds: 20 }), 'latency not measured yet, at most 20 µs asked for'],
  ['LatencyTooHigh', with_(plain, { latencyMicroseconds: 35 }), asking({ maxLatencyMicroseconds: 20 }), 'worst latency measured 35 µs, at most 20 µs asked for'],
  ['PriorityTooHigh', with_(plain, { maxPriority: 10 }), { vcpus: 2, realtime: '1', priority: 11 }, 'realtime priority at most 10, 11 asked for'],
  ['NetworkMissing', plain, asking({ networks: [net('lan')] }), 'no network "lan"; RealtimeNode.spec.networks names them'],
  ['NetworkMissing', with_(plain, { networks: [{ name: 'lan', openToInline: false, kind: 'bridge', bridge: 'br0' }] }), asking({ networks: [net('lan')], inline: true }), 'network "lan" is not open to VMs without a class'],
  ['NetworkMissing', with_(plain, { networks: [{ name: 'fast', openToInline: true, kind: 'sriov', devices: [] }] }), asking({ networks: [net('fast')] }), 'no free virtual function of network "fast": all 0 are taken'],
  ['DeviceMissing', plain, asking({ hostDevices: [device()] }), 'no devices in device class "nic"; RealtimeNode.spec.deviceClasses lists them'],
  ['DeviceMissing', with_(plain, { deviceClasses: nics(1) }), asking({ hostDevices: [device(), { ...device(), name: 'e' }] }), '1 of 1 devices free in device class "nic", 2 needed'],
  ['DeviceMissing', with_({ nodes: ['0-3', '4-7'] }, { deviceClasses: nics(1) }), asking({ hostDevices: [device('Required')] }), 'the devices free in device class "nic" do not go round: their addresses overlap, or their NUMA nodes are not known; numaAffinity Preferred would fit host'],
  ['TooFewHostNodes', plain, { vcpus: 2, cells: ['0', '1'] }, '1 host NUMA node, 2 needed: each guest cell goes to a node of its own; numa.nodes: 1 would fit host'],
  ['NoSmt', plain, { vcpus: 2, threadPolicy: 'Require' }, 'no SMT siblings, threadPolicy Require needs them; threadPolicy Prefer would fit host'],
  ['NoSharedCpus', plain, { vcpus: 2, policy: 'Shared' }, 'no shared CPUs, needed for 2 floating vCPUs; RealtimeNode.spec.sharedCpus names them'],
  ['NoSharedCpus', plain, { vcpus: 2, realtime: '0-1', emulatorThreads: 'Share' }, 'no shared CPUs, needed for emulatorThreads Share; RealtimeNode.spec.sharedCpus names them'],
  ['NoSharedCpus', { nodes: ['0-3', '4-7'], shared: '4', dedicated: '0-3' }, { vcpus: 2, policy: 'Mixed', dedicated: '0' }, 'no shared CPUs on host NUMA node 0, needed for 1 floating vCPU of guest cell 0'],
  ['SharedCpusFull', { nodes: ['0-3'], shared: '0' }, { vcpus: 5, policy: 'Shared' }, 'room for 4 more floating vCPUs on 1 shared CPU (4 each), 5 needed'],
  ['SharedCpusFull', { nodes: ['0-3'], shared: '0' }, { vcpus: 3, policy: 'Mixed', dedicated: '0' }, '1 shared CPU on host NUMA node 0 with 0 floating vCPUs (at most 4 each, and no guest cell more than there are CPUs), 2 more needed for guest cell 0'],
  ['TooFewDedicatedCpus', { nodes: ['0-1', '2-5'], taken: '2,3' }, { vcpus: 4 }, '2 free dedicated CPUs on host NUMA node 0, 4 needed for guest cell 0; numa.nodes: 2 would fit host'],
  ['TooFewDedicatedCpus', plain, { vcpus: 4, realtime: '0-3', emulatorThreads: 'Isolate' }, '4 free dedicated CPUs on host NUMA node 0, 5 needed for guest cell 0 (one of them for the emulator threads)'],
  ['TooFewWholeCores', { ...pairs, taken: '0' }, { vcpus: 3, coreSharing: 'Forbid' }, '2 free dedicated CPUs on cores without another VM on host NUMA node 0, 3 needed for guest cell 0; coreSharing Allow (beside other VMs on a core) would fit host'],
  ['TooFewWholeCores', { ...pairs, taken: '0' }, { vcpus: 3, threadPolicy: 'Require' }, '2 CPUs on wholly free cores on host NUMA node 0, 3 needed for guest cell 0; threadPolicy Prefer would fit host'],
  ['TooFewWholeCores', { ...pairs, taken: '0' }, { vcpus: 2, threadPolicy: 'Isolate' }, '1 wholly free core on host NUMA node 0, 2 needed for guest cell 0; threadPolicy Prefer would fit host'],
  ['NoRoomForEmulator', pairs, { vcpus: 3, realtime: '0-2', emulatorThreads: 'Isolate', coreSharing: 'Forbid' }, 'room for the 3 dedicated vCPUs of guest cell 0 on host NUMA node 0, but no CPU left for the emulator threads on a core of their own; coreSharing Allow (emulator threads beside realtime vCPUs or other VMs) would fit host'],
  ['TooFewHugepages', plain, { vcpus: 1, pageSize: '1Gi', memoryMiB: 1024 }, 'no 1Gi pages on host NUMA node 0, 1024 MiB of them needed for guest cell 0'],
  ['TooFewHugepages', { ...plain, hugepages: pages([2048, 100]) }, { vcpus: 1, pageSize: '2Mi', memoryMiB: 512 }, '100 free 2Mi pages on host NUMA node 0, 256 needed for guest cell 0'],
  ['TooFewHugepages', { ...plain, hugepages: pages([2048, 100], [1_048_576, 1]) }, { vcpus: 1, pageSize: 'Large', memoryMiB: 2048 }, '1 free 1Gi pages on host NUMA node 0, 2 needed; or 100 free 2Mi pages on host NUMA node 0, 1024 needed for guest cell 0'],
  ['TooFewHugepages', with_({ ...plain, hugepages: pages([2048, 100]) }, { reservedHugepages: [{ numaNode: numaNodeId(0), sizeKiB: 2048, count: 64 }] }), { vcpus: 1, pageSize: '2Mi', memoryMiB: 128 }, '36 free 2Mi pages on host NUMA node 0, 64 needed for guest cell 0'],
  ['PageSizeMismatch', { ...plain, hugepages: pages([1_048_576, 4]) }, { vcpus: 1, pageSize: 'Large', memoryMiB: 1536 }, 'the 1536 MiB of guest cell 0 are no whole number of 1Gi pages'],
  ['TooLittleMemory', { ...plain, memoryMiB: 600 }, { vcpus: 1, memoryMiB: 512 }, '600 MiB of small-page memory free, 649 MiB needed for the guest and QEMU itself'],
  ['TooLittleMemory', { nodes: ['0-3', '4-7'], memoryMiB: 600 }, { vcpus: 1, memoryMiB: 512 }, '600 MiB of small-page memory free on host NUMA node 0, 649 MiB needed for guest cell 0'],
  ['TooLittleMemory', { nodes: ['0-3', '4-7'], memoryMiB: 1124, hugepages: pages([2048, 512]) }, { vcpus: 1, memoryMiB: 50, pageSize: '2Mi' }, '100 MiB of small-page memory free on host NUMA node 0, 137 MiB needed for QEMU itself'],
  ['TooLittleMemory', { ...plain, shared: '0', memoryMiB: 600 }, { vcpus: 1, policy: 'Shared', memoryMiB: 512 }, '600 MiB of small-page memory free, 649 MiB needed for the guest and QEMU itself'],
  ['CellsDoNotFitTogether', { nodes: ['0-3', '4-5'] }, { vcpus: 6, cells: ['0-2', '3-5'] }, 'each of the 2 guest cells fits on some host NUMA node, but not all at once on nodes of their own'],
];

/** Two cores of two threads each, on one node or on two. */
const onePair = { nodes: ['0-3'], cores: ['0,2', '1,3'] };
const twoPairs = { nodes: ['0,2', '1,3'], cores: ['0,2', '1,3'] };
const isolating = (rest: Partial<SampleGuest>): SampleGuest => ({ vcpus: 2, realtime: '0-1', emulatorThreads: 'Isolate', threadPolicy: 'Isolate', ...rest });

/** What is said after the figures, of what would fit; each has been tried. */
const remedies: readonly (readonly [title: string, host: SampleHost & { readonly taken?: string }, guest: SampleGuest, helps: readonly string[]])[] = [
  ['not coreSharing Allow, where threads of their own leave the emulator no core', onePair, isolating({ coreSharing: 'Forbid' }), ['threadPolicy Prefer would fit host']],
  ['the same of a guest that allows it already', onePair, isolating({ coreSharing: 'Allow' }), ['threadPolicy Prefer would fit host']],
  ['nothing where nothing helps', { ...onePair, taken: '0' }, isolating({ vcpus: 3, realtime: '0-2', coreSharing: 'Forbid' }), []],
  ['two nodes, where one has too few CPUs', twoPairs, { vcpus: 4 }, ['numa.nodes: 2 would fit host']],
  ['two nodes, where one has too few whole cores', { nodes: ['0-3', '4-7'], cores: ['0,2', '1,3', '4,6', '5,7'], taken: '0,4' }, { vcpus: 4, coreSharing: 'Forbid' }, ['numa.nodes: 2 would fit host']],
  ['no nodes that the vCPUs cannot be divided over', { nodes: ['0-1', '2-3'] }, { vcpus: 3 }, []],
  ['no nodes for cells that are given one by one', { nodes: ['0-1', '2-3', '4-5'] }, { vcpus: 5, cells: ['0-1', '2-4'] }, []],
  ['fewer nodes, where not so many hold a cell', { nodes: ['0-3', '4'] }, { vcpus: 4, cells: ['0-1', '2-3'] }, ['numa.nodes: 1 would fit host']],
  ['the fewest nodes that would do', { nodes: ['0-1', '2-3', '4-5', '6-7'] }, { vcpus: 8 }, ['numa.nodes: 4 would fit host']],
  ['nodes that have the pages', { nodes: ['0-3', '4-7'], hugepages: pages([2048, 64]) }, { vcpus: 2, pageSize: '2Mi', memoryMiB: 256 }, ['numa.nodes: 2 would fit host']],
  ['all that help, each by itself', { nodes: ['0-3', '4-7'], cores: ['0,1', '2,3', '4,5', '6,7'], taken: '0,4' }, { vcpus: 2, threadPolicy: 'Isolate', coreSharing: 'Forbid' }, ['threadPolicy Prefer would fit host', 'numa.nodes: 2 would fit host']],
  ['no device elsewhere, where there is none', with_({ nodes: ['0-3', '4-7'] }, { deviceClasses: [] }), asking({ hostDevices: [device('Required')] }), []],
];

describe('what would help', () => {
  test.each(remedies)('%s', (_, { taken = '', ...host }, guest, helps) => {
    const decision = new Cluster([sampleHost(host)], [claimedCpus('host', taken)]).decide(sampleGuest(guest));
    if (decision.kind === 'placed') throw new Error('placed');
    expect(decision.groups[0]!.message.split('; ').filter((part) => part.includes('would fit'))).toEqual(helps);
  });

  test('names the hosts that it would fit, apart from those that it would not', () => {
    const hosts = [sampleHost({ name: 'a', nodes: ['0-1', '2-3'] }), sampleHost({ name: 'b', nodes: ['0-1', '2-3'] }), sampleHost({ name: 'c', nodes: ['0-1'] })];
    const decision = new Cluster(hosts, []).decide(sampleGuest({ vcpus: 4 }));
    if (decision.kind === 'placed') throw new Error('placed');
    const message = '2 free dedicated CPUs on host NUMA node 0, 4 needed for guest cell 0';
    expect(decision.groups.map((group) => ({ ...group }))).toEqual([
      { reason: 'TooFewDedicatedCpus', message: `${message}; numa.nodes: 2 would fit a and 1 more`, hosts: ['a', 'b'] },
      { reason: 'TooFewDedicatedCpus', message, hosts: ['c'] },
    ]);
  });
});

describe('why a guest does not fit', () => {
  test.each(rows)('%s', (reason, { taken = '', ...host }, guest, message) => {
    const cluster = new Cluster([sampleHost(host)], [claimedCpus('host', taken)]);
    expect(JSON.parse(JSON.stringify(cluster.decide(sampleGuest(guest))))).toEqual({ kind: 'refused', groups: [{ reason, message, hosts: ['host'] }] });
  });

  test('memory held by the host as a whole is not there for cells either', () => {
    const host = sampleHost({ nodes: ['0-3', '4-7'], shared: '0', memoryMiB: 1000 });
    const cluster = new Cluster([host], []);
    const floating = cluster.decide(sampleGuest({ vcpus: 1, policy: 'Shared', memoryMiB: 1200 }));
    if (floating.kind === 'refused') throw new Error('the host is empty');
    cluster.commit('floats', floating.placement);
    const celled = sampleGuest({ vcpus: 1, memoryMiB: 600 });
    expect(cluster.decide(celled)).toMatchObject({ kind: 'refused', groups: [{ reason: 'TooLittleMemory', message: '661 MiB of small-page memory free, 738 MiB needed for the guest and QEMU itself' }] });
    const any = cluster.decide(sampleGuest({ vcpus: 1, memoryMiB: 600, pageSize: 'Any' }));
    expect(any).toMatchObject({ kind: 'refused', groups: [{ reason: 'TooLittleMemory', message: '661 MiB of small-page memory free on the host as a whole, too little for guest cell 0 with the pages that its node has left' }] });
    cluster.release('floats');
    expect(cluster.decide(celled).kind).toBe('placed');
  });

  test('hosts with the same words are one group, the biggest first', () => {
    const hosts = [sampleHost({ name: 'c', nodes: ['0-1'] }), sampleHost({ name: 'a', nodes: ['0-1'] }), sampleHost({ name: 'b', nodes: ['0'] }), sampleHost({ name: 'd', nodes: ['0'], rest: { unschedulable: true } })];
    const decision = new Cluster(hosts, []).decide(sampleGuest({ vcpus: 4 }));
    if (decision.kind === 'placed') throw new Error('placed');
    expect(decision.groups.map((group) => ({ ...group }))).toEqual([
      { reason: 'TooFewDedicatedCpus', message: '2 free dedicated CPUs on host NUMA node 0, 4 needed for guest cell 0', hosts: ['a', 'c'] },
      { reason: 'TooFewDedicatedCpus', message: '1 free dedicated CPU on host NUMA node 0, 4 needed for guest cell 0', hosts: ['b'] },
      { reason: 'HostUnschedulable', message: 'unschedulable, by its RealtimeNode or cordoned', hosts: ['d'] },
    ]);
    expect(formatRefusal(decision.groups)).toBe('2 hosts: 2 free dedicated CPUs on host NUMA node 0, 4 needed for guest cell 0; 1 host: 1 free dedicated CPU on host NUMA node 0, 4 needed for guest cell 0; 1 host: unschedulable, by its RealtimeNode or cordoned');
  });

  test('a message tells five reasons, and how many more there are', () => {
    const hosts = Array.from({ length: 9 }, (_, index) => sampleHost({ name: `h${index}`, nodes: [CpuSet.range(0, index).toString()] }));
    const decision = new Cluster(hosts, []).decide(sampleGuest({ vcpus: 20 }));
    if (decision.kind === 'placed') throw new Error('placed');
    expect(formatRefusal(decision.groups).split('; ').slice(4)).toEqual(['1 host: 5 free dedicated CPUs on host NUMA node 0, 20 needed for guest cell 0', '4 more hosts for 4 other reasons']);
    expect(formatRefusal([])).toBe('there is no host');
  });
});
