// Hosts as they are sold (sockets, several nodes each, L3s of a few cores, SMT), filled until nothing fits: every
// placement keeps the rules, stays in one L3 wherever one had room, and is on the nearest nodes that had it. No code
// of the product's judges; only guests whose room can be counted are asked for.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CpuSet } from '../../../src/realtime/cpu-set.ts';
import type { HostInventory, HostNumaNode } from '../../../src/realtime/host.ts';
import { Cluster } from '../../../src/realtime/place/cluster.ts';
import { sampleGuest, sampleHost } from '../../../src/realtime/place/sample-hosts.ts';
import type { HeldPlacement } from '../../../src/realtime/placement.ts';
import { violations } from './check-placement.ts';
import { usageOf } from './usage.ts';

const machines = fc.record({
  sockets: fc.integer({ min: 1, max: 2 }),
  nodesPerSocket: fc.constantFrom(1, 2, 4),
  groupsPerNode: fc.integer({ min: 1, max: 4 }),
  coresPerGroup: fc.constantFrom(2, 4, 6),
  threads: fc.constantFrom(1, 2),
  near: fc.integer({ min: 11, max: 16 }),
  far: fc.integer({ min: 17, max: 40 }),
});
type Machine = typeof machines extends fc.Arbitrary<infer Of> ? Of : never;

const requests = fc.record({
  perCell: fc.integer({ min: 1, max: 10 }),
  cells: fc.constantFrom(1, 1, 2, 3),
  coreSharing: fc.constantFrom('Allow' as const, 'Forbid' as const),
  packing: fc.constantFrom('Spread' as const, 'Pack' as const),
});

/** First threads of all cores are numbered first, as most firmware does it; CPU 0 is shared. */
function build({ sockets, nodesPerSocket, groupsPerNode, coresPerGroup, threads, near, far }: Machine): HostInventory {
  const nodeCount = sockets * nodesPerSocket;
  const coresPerNode = groupsPerNode * coresPerGroup;
  const total = nodeCount * coresPerNode;
  const core = (number: number) =>
    CpuSet.from(Array.from({ length: threads }, (_, thread) => number + thread * total));
  const run = (first: number, count: number) =>
    CpuSet.from(Array.from({ length: count }, (_, index) => [...core(first + index)]).flat());
  const inventory = sampleHost({
    nodes: Array.from({ length: nodeCount }, (_, node) => run(node * coresPerNode, coresPerNode).toString()),
    cores: Array.from({ length: total }, (_, number) => core(number).toString()),
    shared: '0',
    memoryMiB: 1_000_000,
    rest: {
      caches: Array.from({ length: nodeCount * groupsPerNode }, (_, group) => ({
        level: 3,
        cpus: run(group * coresPerGroup, coresPerGroup),
      })),
    },
  });
  const socketOf = (node: number) => Math.floor(node / nodesPerSocket);
  const distance = (one: number, other: number) =>
    one === other ? 10 : socketOf(one) === socketOf(other) ? near : far;
  return {
    ...inventory,
    numaNodes: inventory.numaNodes.map((node) => ({
      ...node,
      distances: inventory.numaNodes.map((_, other) => distance(node.id, other)),
    })),
  };
}

/** How many CPUs vCPUs could have among these: with Forbid only on cores where nobody else is or may float. */
function roomIn(
  host: HostInventory,
  held: readonly HeldPlacement[],
  among: CpuSet,
  coreSharing: 'Allow' | 'Forbid',
): number {
  const { busy } = usageOf(host, held);
  return host.cores
    .filter((core) => core.overlaps(among))
    .reduce((sum, core) => {
      const free = [...core].filter((cpu) => host.dedicatedCpus.has(cpu) && !busy.has(cpu));
      const isOpen = [...core].every((cpu) => !busy.has(cpu) && !host.sharedCpus.has(cpu));
      return sum + (coreSharing === 'Allow' || isOpen ? free.length : 0);
    }, 0);
}

const between = (host: HostInventory, one: HostNumaNode, other: HostNumaNode) =>
  one.distances[host.numaNodes.indexOf(other)]!;

/** The least sum of distances over every choice of so many of the nodes. */
function nearest(
  host: HostInventory,
  nodes: readonly HostNumaNode[],
  count: number,
  chosen: readonly HostNumaNode[] = [],
): number {
  if (chosen.length === count)
    return chosen.reduce(
      (sum, one) => sum + chosen.reduce((inner, other) => inner + (one === other ? 0 : between(host, one, other)), 0),
      0,
    );
  return Math.min(
    Infinity,
    ...nodes.map((node, index) => nearest(host, nodes.slice(index + 1), count, [...chosen, node])),
  );
}

test('a filled machine has everything as near as it could be', () => {
  const seen = { placed: 0, spread: 0, apart: 0, refused: 0 };
  fc.assert(
    fc.property(machines, fc.array(requests, { minLength: 20, maxLength: 40 }), (machine, asked) => {
      const host = build(machine);
      const cluster = new Cluster([host], []);
      for (const [index, { perCell, cells, coreSharing, packing }] of asked.entries()) {
        const guest = sampleGuest({
          vcpus: perCell * cells,
          coreSharing,
          memoryMiB: 64 * cells,
          rest: { packing },
          cells: Array.from({ length: cells }, (_, cell) =>
            CpuSet.range(cell * perCell, (cell + 1) * perCell - 1).toString(),
          ),
        });
        const held = cluster.held('host');
        const able = host.numaNodes.filter(({ cpus }) => roomIn(host, held, cpus, coreSharing) >= perCell);
        const decision = cluster.decide(guest);
        expect(decision.kind).toBe(able.length >= cells ? 'placed' : 'refused');
        if (decision.kind === 'refused') {
          seen.refused += 1;
          continue;
        }
        const { placement } = decision;
        expect(violations(host, held, guest, placement)).toEqual([]);
        const groupsOn = ({ cpus }: HostNumaNode) => host.caches.filter((cache) => cache.cpus.overlaps(cpus));
        const holding = (node: HostNumaNode) =>
          groupsOn(node).some((group) => roomIn(host, held, group.cpus, coreSharing) >= perCell);
        const used = placement.cells.map(({ hostNode, vcpus }) => {
          const cpus = placement.vcpuPins.flatMap((pin): number[] =>
            pin.kind === 'dedicated' && vcpus.has(pin.vcpu) ? [pin.cpu] : [],
          );
          const node = host.numaNodes.find(({ id }) => id === hostNode)!;
          return { node, groups: groupsOn(node).filter((group) => cpus.some((cpu) => group.cpus.has(cpu))).length };
        });
        // One L3 for as many cells as there are nodes with one that has room.
        const whole = able.filter(holding);
        expect(used.filter(({ groups }) => groups === 1).length).toBeGreaterThanOrEqual(Math.min(cells, whole.length));
        const distance = used.reduce(
          (sum, one) =>
            sum + used.reduce((inner, other) => inner + (one === other ? 0 : between(host, one.node, other.node)), 0),
          0,
        );
        if (whole.length >= cells) expect(distance).toBe(nearest(host, whole, cells));
        expect(decision.unproven).toBeUndefined();
        seen.placed += 1;
        seen.spread += used.some(({ groups }) => groups > 1) ? 1 : 0;
        seen.apart += cells > 1 && whole.length > cells ? 1 : 0;
        cluster.commit(`vm-${index}`, placement);
      }
    }),
    { numRuns: 120, seed: 20261209 },
  );
  expect(Math.min(seen.placed, seen.spread, seen.apart, seen.refused)).toBeGreaterThan(100);
});
