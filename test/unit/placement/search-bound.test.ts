// How much work an assignment of cells to nodes may be, counted and not timed, on hosts of up to 64 nodes; and that
// it is found exactly where there is one.
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { CpuSet } from '../../../src/realtime/cpu-set.ts';
import type { HostDevice } from '../../../src/realtime/host.ts';
import { numaNodeId } from '../../../src/realtime/ids.ts';
import { assignCells } from '../../../src/realtime/place/assign-cells.ts';
import { claimOf } from '../../../src/realtime/place/claim.ts';
import { Cluster } from '../../../src/realtime/place/cluster.ts';
import { demandOf } from '../../../src/realtime/place/demand.ts';
import { deviceRequests } from '../../../src/realtime/place/devices.ts';
import { HostState } from '../../../src/realtime/place/host-state.ts';
import { claimedCpus, sampleGuest, sampleHost } from '../../../src/realtime/place/sample-hosts.ts';
import { SearchWork } from '../../../src/realtime/place/search-work.ts';
import { cellsCanBePaired } from './pairing.ts';

/** Of rule 4.14. */
const bound = (cells: number, nodes: number, requests: number, devices: number) =>
  50_000 + 8 * cells ** 2 * nodes + requests * (2 * requests ** 2 + devices);

/** So many CPUs on each node, one after the other. */
function nodeLists(sizes: readonly number[]): string[] {
  let next = 0;
  return sizes.map((size) => {
    next += size;
    return CpuSet.range(next - size, next - 1).toString();
  });
}

/** So many vCPUs in each cell, one after the other. */
const cellLists = nodeLists;

const sum = (figures: readonly number[]) => figures.reduce((total, figure) => total + figure, 0);

interface Question {
  readonly free: readonly number[];
  readonly wanted: readonly number[];
  readonly memoryMiB?: number;
  /** The node of each device of the one class. */
  readonly devices?: readonly number[];
  readonly requests?: number;
  readonly affinity?: 'Required' | 'Preferred';
  readonly anyPages?: boolean;
  /** Small-page memory that somebody without cells holds. */
  readonly heldMiB?: number;
  /** Distance of two nodes. */
  readonly far?: (one: number, other: number) => number;
}

function ask({
  free,
  wanted,
  memoryMiB = 4096,
  devices = [],
  requests = 0,
  affinity = 'Required',
  anyPages = false,
  heldMiB = 0,
  far,
}: Question) {
  const pool = devices.map((node, index): HostDevice => ({
    address: `0000:${(index + 16).toString(16)}:00.0`,
    numaNode: numaNodeId(node),
  }));
  const even = sampleHost({
    nodes: nodeLists(free),
    memoryMiB,
    hugepages: anyPages ? [{ sizeKiB: 2048, total: 64 }] : [],
    rest: { deviceClasses: [{ name: 'nic', devices: pool }] },
  });
  const inventory =
    far === undefined
      ? even
      : {
          ...even,
          numaNodes: even.numaNodes.map((node) => ({
            ...node,
            distances: free.map((_, other) => (other === node.id ? 10 : far(node.id, other))),
          })),
        };
  const guest = sampleGuest({
    vcpus: sum(wanted),
    cells: cellLists(wanted),
    memoryMiB: 64 * wanted.length,
    pageSize: anyPages ? 'Any' : 'Small',
    rest: {
      hostDevices: Array.from({ length: requests }, (_, index) => ({
        name: `d${index}`,
        class: 'nic',
        numaAffinity: affinity,
      })),
    },
  });
  const host = new HostState(inventory, [
    claimOf({ uid: 'floats', placement: { ...claimedCpus('host', '').placement, extraMemoryMiB: heldMiB } }),
  ]);
  const demand = demandOf(guest);
  const work = new SearchWork();
  const assignment = assignCells(host, demand, deviceRequests(host, guest), work);
  expect(work.done).toBeLessThanOrEqual(bound(wanted.length, free.length, requests, devices.length));
  return { assignment, demand, work: work.done };
}

const sizes = (max: number, most: number) => fc.array(fc.integer({ min: 1, max }), { minLength: 1, maxLength: most });

describe('the work of an assignment', () => {
  test('is bounded, and finds a place exactly where cells and nodes can be paired', () => {
    const seen = { found: 0, none: 0 };
    fc.assert(
      fc.property(sizes(12, 64), sizes(9, 16), (free, wanted) => {
        const { assignment } = ask({ free, wanted });
        const fits = cellsCanBePaired(
          wanted.map((vcpus) => free.flatMap((cpus, node) => (cpus >= vcpus ? [node] : []))),
        );
        expect(assignment.kind).toBe(fits ? 'found' : 'none');
        seen[assignment.kind] += 1;
        if (assignment.kind === 'found')
          expect(new Set(assignment.cells.map(({ node }) => node.id)).size).toBe(wanted.length);
        else expect(assignment.proven).toBe(true);
      }),
      { numRuns: 400, seed: 20261201 },
    );
    expect(Math.min(seen.found, seen.none)).toBeGreaterThan(60);
  });

  test('is bounded where nodes must have devices, and no refusal that is called proven is wrong', () => {
    const kinds = new Set<string>();
    const nodes = fc.integer({ min: 1, max: 64 });
    const question = nodes.chain((count) =>
      fc.record({
        free: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: count, maxLength: count }),
        wanted: sizes(4, Math.min(16, count)),
        devices: fc.array(fc.integer({ min: 0, max: count - 1 }), { minLength: 1, maxLength: 8 }),
        requests: fc.integer({ min: 1, max: 6 }),
        affinity: fc.constantFrom('Required' as const, 'Preferred' as const),
      }),
    );
    fc.assert(
      fc.property(question, (asked) => {
        const { assignment } = ask(asked);
        kinds.add(assignment.kind === 'none' && !assignment.proven ? 'given up' : assignment.kind);
        if (assignment.kind !== 'found' || asked.affinity === 'Preferred') return;
        const used = new Set(assignment.cells.map(({ node }) => node.id as number));
        const given = assignment.devices.map(
          ({ address }) => asked.devices[Number.parseInt(address.slice(5, 7), 16) - 16]!,
        );
        expect(given.every((node) => used.has(node))).toBe(true);
        expect(new Set(assignment.devices.map(({ address }) => address)).size).toBe(asked.requests);
      }),
      { numRuns: 300, seed: 20261202 },
    );
    expect([...kinds].sort()).toEqual(['found', 'given up', 'none']);
  });

  test('is bounded where nodes are near and far, and finds the nearest two wherever there are two cells', () => {
    const proofs = new Set<boolean>();
    fc.assert(
      fc.property(
        sizes(12, 64),
        sizes(6, 16),
        fc.array(fc.integer({ min: 11, max: 60 }), { minLength: 97, maxLength: 97 }),
        (free, wanted, random) => {
          const far = (one: number, other: number) => random[(one + other + one * other) % random.length]!;
          const { assignment } = ask({ free, wanted, far });
          if (assignment.kind === 'none') return;
          proofs.add(assignment.proven);
          if (wanted.length !== 2) return;
          const pairs = free.flatMap((one, node) =>
            free.flatMap((other, to) =>
              node !== to && one >= wanted[0]! && other >= wanted[1]! ? [far(node, to) + far(to, node)] : [],
            ),
          );
          const [one, other] = assignment.cells.map(({ node }) => node.id as number);
          expect({ proven: assignment.proven, distance: far(one!, other!) + far(other!, one!) }).toEqual({
            proven: true,
            distance: Math.min(...pairs),
          });
        },
      ),
      { numRuns: 300, seed: 20261206 },
    );
    expect(proofs).toEqual(new Set([true, false]));
  });

  test('is bounded where the host as a whole is short of small-page memory, and finds the way that takes least', () => {
    const seen = { found: 0, none: 0 };
    fc.assert(
      fc.property(sizes(6, 40), sizes(4, 12), fc.integer({ min: 0, max: 2000 }), (free, wanted, spareMiB) => {
        // A node has 128 MiB in huge pages, so every cell can have huge ones; nothing of it need be small but QEMU's
        // own.
        const memoryMiB = 4096;
        const { demand } = ask({ free, wanted, memoryMiB, anyPages: true });
        const heldMiB = free.length * (memoryMiB - 128) - demand.extraMemoryMiB - spareMiB;
        const { assignment } = ask({ free, wanted, memoryMiB, anyPages: true, heldMiB });
        const fits = cellsCanBePaired(
          wanted.map((vcpus) => free.flatMap((cpus, node) => (cpus >= vcpus ? [node] : []))),
        );
        expect(assignment.kind).toBe(fits ? 'found' : 'none');
        seen[assignment.kind] += 1;
      }),
      { numRuns: 200, seed: 20261203 },
    );
    expect(Math.min(seen.found, seen.none)).toBeGreaterThan(30);
  });

  it.each([
    [
      'a cell that fits nowhere',
      {
        free: Array.from({ length: 24 }, (_, node) => 17 + node),
        wanted: Array.from({ length: 16 }, (_, cell) => (cell === 15 ? 60 : 1 + cell)),
      },
      'none',
      2000,
    ],
    [
      'one node too few for the big cells',
      {
        free: Array.from({ length: 64 }, (_, node) => (node < 7 ? 8 : 2)),
        wanted: Array.from({ length: 16 }, (_, cell) => (cell < 8 ? 1 : 3)),
      },
      'none',
      20_000,
    ],
    [
      'the only assignment, which every greedy choice misses',
      {
        free: Array.from({ length: 16 }, (_, node) => 1 + node),
        wanted: Array.from({ length: 16 }, (_, cell) => 1 + cell),
      },
      'found',
      20_000,
    ],
  ] as const)('%s takes little of it', (_, question, kind, most) => {
    const { assignment, work } = ask(question);
    expect(assignment.kind).toBe(kind);
    expect(work).toBeLessThan(most);
  });
});

it('counts nodes beyond the 32nd as others', () => {
  const nodes = nodeLists(Array.from({ length: 34 }, (_, node) => (node === 1 || node === 33 ? 3 : 1)));
  const decision = new Cluster([sampleHost({ nodes })], []).decide(sampleGuest({ vcpus: 6, cells: ['0-2', '3-5'] }));
  expect(decision.kind === 'placed' && decision.placement.cells.map(({ hostNode }) => hostNode)).toEqual([1, 33]);
});

it('says that a search for devices has ended at its limit', () => {
  // Nine devices on nodes of their own, needed by eight cells that fit anywhere: no eight nodes have nine.
  const rest = {
    deviceClasses: [
      {
        name: 'nic',
        devices: Array.from({ length: 9 }, (_, index): HostDevice => ({
          address: `0000:3b:00.${index}`,
          numaNode: numaNodeId(index),
        })),
      },
    ],
  };
  const host = sampleHost({ nodes: nodeLists(Array.from({ length: 40 }, () => 8)), rest });
  const guest = sampleGuest({
    vcpus: 36,
    cells: cellLists([1, 2, 3, 4, 5, 6, 7, 8]),
    rest: {
      hostDevices: Array.from({ length: 9 }, (_, index) => ({
        name: `d${index}`,
        class: 'nic',
        numaAffinity: 'Required',
      })),
    },
  });
  const decision = new Cluster([host], []).decide(guest);
  expect(decision.kind === 'refused' && decision.groups.map(({ reason, message }) => ({ reason, message }))).toEqual([
    {
      reason: 'DeviceMissing',
      message:
        'no free device of device class "nic" on the host NUMA nodes that the guest fits on, as far as a search of 50000 steps can say; numaAffinity Preferred would fit host',
    },
  ]);
});
