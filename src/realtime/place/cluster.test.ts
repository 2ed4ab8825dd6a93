import { describe, expect, test } from 'vitest';
import { CpuSet } from '../cpu-set.ts';
import type { Decision } from '../decision.ts';
import type { Guest } from '../guest.ts';
import { cpuId, numaNodeId, vcpuId } from '../ids.ts';
import type { HeldPlacement, Placement } from '../placement.ts';
import { Cluster } from './cluster.ts';
import { PlacementConflictError } from './conflicts.ts';
import { claimedCpus, sampleGuest, sampleHost } from './sample-hosts.ts';

const host = (name: string, nodes: readonly string[] = ['0-3']) => sampleHost({ name, nodes });
const two = sampleGuest({ vcpus: 2 });

function placed(decision: Decision): Placement {
  if (decision.kind === 'refused') throw new Error(`refused: ${JSON.stringify(decision.groups)}`);
  return decision.placement;
}

function conflictsOf(commit: () => void): readonly string[] {
  try {
    commit();
  } catch (error) {
    if (error instanceof PlacementConflictError) return error.conflicts.map(({ kind, holder, message }) => `${kind} ${holder ?? '-'}: ${message}`);
    throw error;
  }
  return [];
}

describe('Cluster', () => {
  test('decide books nothing; commit does, release undoes it', () => {
    const cluster = new Cluster([host('a')], []);
    const offer = placed(cluster.decide(two));
    expect(cluster.decide(two)).toEqual({ kind: 'placed', placement: offer });
    cluster.commit('one', offer);
    expect(placed(cluster.decide(two)).vcpuPins).toEqual([{ kind: 'dedicated', vcpu: 0, cpu: 2 }, { kind: 'dedicated', vcpu: 1, cpu: 3 }]);
    expect(cluster.held('a')).toEqual([{ uid: 'one', placement: offer }]);
    cluster.release('one');
    expect(cluster.held('a')).toEqual([]);
    expect(cluster.decide(two)).toEqual({ kind: 'placed', placement: offer });
    cluster.release('never held');
  });

  test('another commit voids an offer, and changes nothing', () => {
    const cluster = new Cluster([host('a')], []);
    const offer = placed(cluster.decide(two));
    cluster.commit('one', offer);
    const before = cluster.free('a');
    expect(conflictsOf(() => cluster.commit('two', offer))).toEqual(['cpu one: CPU 0 of host a is held by one', 'cpu one: CPU 1 of host a is held by one']);
    expect(conflictsOf(() => cluster.commit('one', { ...offer, host: 'b' }))).toEqual(['uid one: one already holds a placement on host a', 'host -: there is no host b']);
    expect(cluster.free('a')).toEqual(before);
  });

  test('what others have of a placement is told, of those alone that count', () => {
    const cluster = new Cluster([host('a')], []);
    const offer = placed(cluster.decide(two));
    for (const uid of ['one', 'two', 'three']) cluster.hold({ uid, placement: offer });
    const holders = (beside: (uid: string) => boolean) => cluster.takenFrom({ uid: 'one', placement: offer }, beside).map(({ kind, holder }) => `${kind} ${holder ?? '-'}`);
    expect(holders(() => true)).toEqual(['cpu two', 'cpu three', 'cpu two', 'cpu three']);
    expect(holders((uid) => uid !== 'two')).toEqual(['cpu three', 'cpu three']);
    expect(holders((uid) => uid === 'one')).toEqual([]);
    expect(cluster.takenFrom({ uid: 'one', placement: { ...offer, host: 'nowhere' } }, () => true)).toEqual([]);
  });

  test('an offer is also void where its siblings, pages, devices or memory are gone', () => {
    const nic = { name: 'nic', devices: [{ address: '0000:3b:00.0', numaNode: numaNodeId(0) }] };
    const inventory = sampleHost({ name: 'a', nodes: ['0-3'], cores: ['0,1', '2,3'], memoryMiB: 2048, hugepages: [{ sizeKiB: 2048, total: 256 }], rest: { deviceClasses: [nic] } });
    const greedy = sampleGuest({ vcpus: 1, coreSharing: 'Forbid', memoryMiB: 512, pageSize: '2Mi', rest: { hostDevices: [{ name: 'n', class: 'nic', numaAffinity: 'Required' }] } });
    const cluster = new Cluster([inventory], []);
    const offer = placed(cluster.decide(greedy));
    cluster.commit('small', placed(cluster.decide(sampleGuest({ vcpus: 1, memoryMiB: 1100 }))));
    cluster.hold({ uid: 'stranger', placement: { ...claimedCpus('a', '').placement, devices: [{ name: 'x', address: '0000:3b:00.0' }], cells: [{ cell: 0, hostNode: numaNodeId(0), vcpus: CpuSet.empty(), memoryMiB: 2, pageSizeKiB: 2048 }] } });
    expect(offer.reservedCpus.toString()).toBe('1');
    expect(conflictsOf(() => cluster.commit('late', offer))).toEqual([
      'cpu small: CPU 0 of host a is held by small',
      'device stranger: device 0000:3b:00.0 of host a is held by stranger',
      'hugepages -: 255 free 2Mi pages on NUMA node 0 of host a, 256 wanted',
    ]);
    const bigger = { ...offer, extraMemoryMiB: 400 };
    expect(conflictsOf(() => cluster.commit('late', bigger)).slice(-2)).toEqual([
      'memory -: 297 MiB of small-page memory free on NUMA node 0 of host a, 400 MiB wanted',
      'memory -: 297 MiB of small-page memory free on host a, 400 MiB wanted',
    ]);
  });

  test('an offer is void where the administrator withdrew what it uses', () => {
    const cluster = new Cluster([sampleHost({ name: 'a', nodes: ['0-5'], shared: '4-5' })], []);
    const mixed = sampleGuest({ vcpus: 3, policy: 'Mixed', dedicated: '2', emulatorThreads: 'Isolate', realtime: '2' });
    const offer = placed(cluster.decide(mixed));
    expect({ emulator: offer.emulatorCpus.toString(), pins: JSON.stringify(offer.vcpuPins.map((pin) => (pin.kind === 'floating' ? pin.cpus : pin.cpu))) }).toEqual({ emulator: '1', pins: '["4-5","4-5",0]' });
    cluster.upsertHost(sampleHost({ name: 'a', nodes: ['0-5'], dedicated: '3', shared: '1,4' }));
    expect(conflictsOf(() => cluster.commit('late', offer))).toEqual([
      'cpu -: CPU 0 is not a dedicated CPU of host a',
      'cpu -: CPU 1 is not a dedicated CPU of host a',
      'cpu -: CPU 1 is a shared CPU of host a',
      'sharedCpus -: CPUs 4-5 are not all shared CPUs of host a, which are 1,4',
    ]);
    const shared = { ...placed(cluster.decide(sampleGuest({ vcpus: 8, policy: 'Shared' }))) };
    cluster.commit('floats', shared);
    expect(conflictsOf(() => cluster.commit('floats too', shared))).toEqual(['sharedCpus -: host a has room for 0 more floating vCPUs, 8 wanted']);
    expect(conflictsOf(() => cluster.commit('celled', { ...shared, vcpuPins: shared.vcpuPins.slice(0, 1), cells: [{ cell: 0, hostNode: numaNodeId(7), vcpus: CpuSet.of(0), memoryMiB: 1, pageSizeKiB: 4 }] }))).toEqual([
      'hostNode -: host a has no NUMA node 7',
      'sharedCpus -: host a has room for 0 more floating vCPUs, 1 wanted',
    ]);
  });

  test('what is held already counts before any new guest, on hosts not known yet, too', () => {
    const held: HeldPlacement[] = [claimedCpus('a', '0-2', 'old'), claimedCpus('b', '0-3', 'older')];
    const cluster = new Cluster([host('a')], held);
    expect(cluster.decide(two).kind).toBe('refused');
    cluster.upsertHost(host('b'));
    expect(cluster.decide(two).kind).toBe('refused');
    cluster.release('older');
    expect(placed(cluster.decide(two)).host).toBe('b');
    cluster.removeHost('b');
    expect(cluster.decide(two).kind).toBe('refused');
    expect(cluster.free('b')).toBeUndefined();
    expect(cluster.decide(two, { onlyHost: 'b' })).toEqual({ kind: 'refused', groups: [] });
  });

  test('CPUs are taken as long as they are held, even where the inventory no longer offers them', () => {
    const cluster = new Cluster([host('a')], []);
    cluster.commit('one', placed(cluster.decide(two)));
    cluster.upsertHost(sampleHost({ name: 'a', nodes: ['0-3'], dedicated: '2-3' }));
    cluster.upsertHost(host('a'));
    expect(cluster.free('a')?.nodes[0]?.cpus.toString()).toBe('2-3');
  });

  test('a CPU over which a VM still floats is not given to another, nor is its core', () => {
    const smt = (shared: string, dedicated: string) => sampleHost({ name: 'a', nodes: ['0-3'], cores: ['0,1', '2,3'], shared, dedicated });
    const cluster = new Cluster([smt('0-1', '2-3')], []);
    cluster.commit('floats', placed(cluster.decide(sampleGuest({ vcpus: 1, policy: 'Shared' }))));
    cluster.upsertHost(smt('', '0-3'));
    expect(cluster.free('a')?.nodes[0]?.cpus.toString()).toBe('2-3');
    cluster.upsertHost(smt('0', '1-3'));
    expect(cluster.free('a')?.nodes[0]?.cpus.toString()).toBe('2-3');
    cluster.release('floats');
    expect(cluster.free('a')?.nodes[0]?.cpus.toString()).toBe('1-3');
  });

  test('placements that contradict each other are kept and told', () => {
    const cluster = new Cluster([host('a'), host('b')], [claimedCpus('a', '0-1', 'one'), claimedCpus('a', '1-2', 'two'), claimedCpus('b', '3', 'one'), claimedCpus('c', '0', 'lost')]);
    expect(cluster.conflicts().map(({ message }) => message)).toEqual([
      'one holds a placement on host a and on host b', 'CPU 1 of host a is held by one and two',
    ]);
    expect(cluster.free('a')?.nodes[0]?.cpus.toString()).toBe('3');
    cluster.release('two');
    expect(cluster.free('a')?.nodes[0]?.cpus.toString()).toBe('2-3');
    cluster.release('one', 'a');
    expect({ a: cluster.free('a')?.nodes[0]?.cpus.toString(), b: cluster.held('b').map(({ uid }) => uid), conflicts: cluster.conflicts() }).toEqual({ a: '0-3', b: ['one'], conflicts: [] });
  });

  test('hold takes over what others wrote, once, conflicts and all', () => {
    const cluster = new Cluster([host('a')], []);
    cluster.commit('one', placed(cluster.decide(two)));
    cluster.hold(claimedCpus('a', '1-2', 'two'));
    cluster.hold(claimedCpus('a', '3', 'two'));
    cluster.hold(claimedCpus('elsewhere', '0', 'three'));
    expect(cluster.free('a')?.nodes[0]?.cpus.toString()).toBe('3');
    expect(cluster.conflicts().map(({ uid, holder, message }) => ({ uid, holder, message }))).toEqual([{
      uid: 'two', holder: 'one', message: 'CPU 1 of host a is held by one and two',
    }]);
    expect(cluster.held('elsewhere').map(({ uid }) => uid)).toEqual(['three']);
  });

  test('a refusal tells what was so when it was decided, however late it is read', () => {
    const cluster = new Cluster([host('a'), host('b')], [claimedCpus('a', '0-2', 'old')]);
    const four = sampleGuest({ vcpus: 5 });
    const early = cluster.decide(four);
    cluster.release('old');
    const late = cluster.decide(four);
    const messages = (decision: Decision) => (decision.kind === 'refused' ? decision.groups.map(({ message, hosts }) => `${hosts.join(' ')}: ${message}`) : []);
    expect(messages(late)).toEqual(['a b: 4 free dedicated CPUs on host NUMA node 0, 5 needed for guest cell 0']);
    expect(messages(early)).toEqual(['a: 1 free dedicated CPU on host NUMA node 0, 5 needed for guest cell 0', 'b: 4 free dedicated CPUs on host NUMA node 0, 5 needed for guest cell 0']);
  });

  test('more shapes than are remembered are answered all the same', () => {
    const cluster = new Cluster([host('a'), host('b')], [claimedCpus('a', '0', 'old')]);
    const guests = Array.from({ length: 300 }, (_, index) => sampleGuest({ vcpus: 4, memoryMiB: 64 + index }));
    for (const round of [0, 1]) expect({ round, hosts: new Set(guests.map((guest) => placed(cluster.decide(guest)).host)) }).toEqual({ round, hosts: new Set(['b']) });
  });
});

describe('the choice of host', () => {
  const hosts = [host('c', ['0-3']), host('a', ['0-7']), host('b', ['0-7']), host('d', ['0-1'])];
  const hostFor = (guest: Guest) => placed(new Cluster(hosts, []).decide(guest)).host;

  test.each([
    ['Spread', 2, 'a'],
    ['Pack', 2, 'd'],
    ['Pack', 3, 'c'],
    ['Pack', 5, 'a'],
  ] as const)('%s with %i vCPUs: %s', (packing, vcpus, expected) => {
    expect(hostFor(sampleGuest({ vcpus, rest: { packing } }))).toBe(expected);
  });

  test.each([['Spread', 'wide'], ['Pack', 'narrow']] as const)('%s of floating guests goes by room to float: %s', (packing, expected) => {
    const cluster = new Cluster([sampleHost({ name: 'narrow', nodes: ['0-7'], shared: '0' }), sampleHost({ name: 'wide', nodes: ['0-3'], shared: '0-1' })], []);
    expect(placed(cluster.decide(sampleGuest({ vcpus: 2, policy: 'Shared', rest: { packing } }))).host).toBe(expected);
  });

  test.each([['Spread', 1], ['Pack', 2]] as const)('%s over host NUMA nodes: node %i', (packing, expected) => {
    const cluster = new Cluster([host('a', ['0-2', '3-7', '8-9'])], []);
    expect(placed(cluster.decide(sampleGuest({ vcpus: 2, rest: { packing } }))).cells.map(({ hostNode }) => hostNode)).toEqual([expected]);
  });

  test('eight cells on sixteen nodes that only just fit, or do not, are decided exactly', () => {
    const sizes = [2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 4];
    const nodes = sizes.map((size, node) => CpuSet.range(node * 4, node * 4 + size - 1).toString());
    const cells = (first: number) => [first, 3, 3, 3, 3, 3, 3, 3].map((size, cell, all) => {
      const from = all.slice(0, cell).reduce((sum, each) => sum + each, 0);
      return CpuSet.range(from, from + size - 1).toString();
    });
    const cluster = new Cluster([host('a', nodes)], []);
    const guest = (first: number, rest: Partial<Guest> = {}) => sampleGuest({ vcpus: first + 21, cells: cells(first), memoryMiB: 1024, rest });
    expect(placed(cluster.decide(guest(4))).cells.map(({ hostNode }) => hostNode)).toEqual([15, 8, 9, 10, 11, 12, 13, 14]);
    const needsDevice = { hostDevices: [{ name: 'n', class: 'nic', numaAffinity: 'Required' as const }] };
    const withDevice = new Cluster([sampleHost({ name: 'a', nodes, rest: { deviceClasses: [{ name: 'nic', devices: [{ address: '0000:00:01.0', numaNode: numaNodeId(0) }] }] } })], []);
    expect(withDevice.decide(guest(3, needsDevice))).toEqual({
      kind: 'refused',
      groups: [{ reason: 'DeviceMissing', message: 'no free device of device class "nic" on the host NUMA nodes that the guest fits on; numaAffinity Preferred would fit a', hosts: ['a'] }],
    });
    expect(placed(withDevice.decide(guest(2, needsDevice))).cells[0]?.hostNode).toBe(0);
  });

  test('the pins of a whole placement', () => {
    const cluster = new Cluster([sampleHost({ name: 'a', nodes: ['0-3', '4-7'], shared: '0,4', hugepages: [{ sizeKiB: 2048, total: 1024 }] })], []);
    const guest = sampleGuest({ vcpus: 4, policy: 'Mixed', dedicated: '1,3', realtime: '1,3', priority: 7, cells: ['0-1', '2-3'], memoryMiB: 1024, pageSize: 'Large', coreSharing: 'Forbid' });
    expect(placed(cluster.decide(guest))).toEqual({
      host: 'a',
      cells: [
        { cell: 0, hostNode: numaNodeId(0), vcpus: CpuSet.of(0, 1), memoryMiB: 512, pageSizeKiB: 2048 },
        { cell: 1, hostNode: numaNodeId(1), vcpus: CpuSet.of(2, 3), memoryMiB: 512, pageSizeKiB: 2048 },
      ],
      vcpuPins: [
        { kind: 'floating', vcpu: vcpuId(0), cpus: CpuSet.of(0) },
        { kind: 'dedicated', vcpu: vcpuId(1), cpu: cpuId(1) },
        { kind: 'floating', vcpu: vcpuId(2), cpus: CpuSet.of(4) },
        { kind: 'dedicated', vcpu: vcpuId(3), cpu: cpuId(5) },
      ],
      realtimeVcpus: CpuSet.of(1, 3),
      emulatorCpus: CpuSet.of(0, 4),
      priority: 7,
      reservedCpus: CpuSet.empty(),
      devices: [],
      extraMemoryMiB: 128 + 4 * 8 + 2,
    } satisfies Placement);
  });
});
