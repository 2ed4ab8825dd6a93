/** The cluster and the guests of the placement bench. */
import type { Guest } from '../src/realtime/guest.ts';
import type { HostInventory } from '../src/realtime/host.ts';
import type { HeldPlacement } from '../src/realtime/placement.ts';
import { Cluster } from '../src/realtime/place/cluster.ts';
import { sampleGuest, sampleHost } from '../src/realtime/place/sample-hosts.ts';

export interface Shape {
  readonly name: string;
  /** Out of 100 decisions. */
  readonly weight: number;
  readonly guest: Guest;
}

/** Eight shapes of 1 to 32 vCPUs, in one and two cells, of every policy, that come and go. */
export const shapes: readonly Shape[] = [
  { name: '1 vCPU, realtime, isolated emulator', weight: 16, guest: sampleGuest({ vcpus: 1, coreSharing: 'Forbid', realtime: '0', emulatorThreads: 'Isolate', memoryMiB: 1024, pageSize: '2Mi' }) },
  { name: '2 vCPUs, realtime', weight: 18, guest: sampleGuest({ vcpus: 2, coreSharing: 'Forbid', realtime: '1', memoryMiB: 1024, pageSize: 'Large', rest: { packing: 'Pack' } }) },
  { name: '3 vCPUs, Dedicated, cores shared', weight: 18, guest: sampleGuest({ vcpus: 3, memoryMiB: 1024, pageSize: 'Any', rest: { packing: 'Pack' } }) },
  { name: '4 vCPUs, realtime, Isolate', weight: 10, guest: sampleGuest({ vcpus: 4, threadPolicy: 'Isolate', coreSharing: 'Forbid', realtime: '1-3', memoryMiB: 2048, pageSize: '2Mi', rest: { packing: 'Pack' } }) },
  { name: '4 vCPUs, Mixed, realtime', weight: 10, guest: sampleGuest({ vcpus: 4, policy: 'Mixed', dedicated: '2-3', realtime: '2-3', coreSharing: 'Forbid', memoryMiB: 2048, pageSize: '2Mi', rest: { packing: 'Pack' } }) },
  { name: '8 vCPUs, Shared', weight: 8, guest: sampleGuest({ vcpus: 8, policy: 'Shared', memoryMiB: 2048 }) },
  { name: '8 vCPUs, Require, two cells', weight: 8, guest: sampleGuest({ vcpus: 8, threadPolicy: 'Require', memoryMiB: 4096, pageSize: '1Gi', cells: ['0-3', '4-7'], rest: { packing: 'Pack' } }) },
  { name: '32 vCPUs, Dedicated, two cells', weight: 2, guest: sampleGuest({ vcpus: 32, memoryMiB: 8192, pageSize: '1Gi', cells: ['0-15', '16-31'] }) },
];

/** Guests that no host holds: one needs more CPUs than a node has, one more whole cores than are free together. */
export const refusedShapes: readonly Shape[] = [
  { name: '32 vCPUs in one cell', weight: 5, guest: sampleGuest({ vcpus: 32, coreSharing: 'Forbid', realtime: '1-31', memoryMiB: 8192, pageSize: '1Gi' }) },
  { name: '28 vCPUs, Isolate, two cells', weight: 5, guest: sampleGuest({ vcpus: 28, threadPolicy: 'Isolate', coreSharing: 'Forbid', memoryMiB: 8192, pageSize: '1Gi', cells: ['0-13', '14-27'] }) },
];

/** 64 CPUs: 2 NUMA nodes of 16 cores of 2 threads, numbered as most firmware does; 2 cores of each node are shared. */
export function benchHosts(count: number): HostInventory[] {
  return Array.from({ length: count }, (_, index) => sampleHost({
    name: `host-${String(index).padStart(5, '0')}`,
    nodes: ['0-15,32-47', '16-31,48-63'],
    cores: Array.from({ length: 32 }, (_unused, core) => `${core},${core + 32}`),
    shared: '0-1,32-33,16-17,48-49',
    memoryMiB: 131_072,
    hugepages: [{ sizeKiB: 2048, total: 16_384 }, { sizeKiB: 1_048_576, total: 48 }],
  }));
}

/** Fills hosts with random shapes, each to a degree of its own, 70 % of dedicated CPUs taken on average. */
export function fill(hosts: readonly HostInventory[], next: () => number): HeldPlacement[] {
  const cluster = new Cluster(hosts, []);
  const held: HeldPlacement[] = [];
  for (const { name, dedicatedCpus } of hosts) {
    const wanted = dedicatedCpus.size * (0.3 + 0.6 * next());
    for (let taken = 0, misses = 0; taken < wanted && misses < 20;) {
      const decision = cluster.decide(pick(shapes, next).guest, { onlyHost: name });
      if (decision.kind === 'refused') {
        misses += 1;
        continue;
      }
      const uid = `filled-${held.length}`;
      const before = freeCpus(cluster, name);
      cluster.commit(uid, decision.placement);
      held.push({ uid, placement: decision.placement });
      taken += before - freeCpus(cluster, name);
    }
  }
  return held;
}

export function freeCpus(cluster: Cluster, host: string): number {
  return cluster.free(host)!.nodes.reduce((sum, { cpus }) => sum + cpus.size, 0);
}

/** One of the shapes, by weight. */
export function pick(from: readonly Shape[], next: () => number): Shape {
  let left = next() * from.reduce((sum, { weight }) => sum + weight, 0);
  for (const shape of from) {
    left -= shape.weight;
    if (left < 0) return shape;
  }
  return from.at(-1)!;
}
