import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CpuSet } from '../cpu-set.ts';
import { numaNodeId, vcpuId } from '../ids.ts';
import { claimOf } from './claim.ts';
import type { Holdings } from './double-booked.ts';
import { holdingsOf } from './holding.ts';
import type { TableClaim } from './holding.ts';
import { refusedChanges } from './refused-changes.ts';
import { claimedCpus, sampleHost } from './sample-hosts.ts';

const pagesOfNode = 10;
const host = sampleHost({ name: 'a', nodes: ['0-3', '4-7'], hugepages: [{ sizeKiB: 2048, total: pagesOfNode }] });

/** What a VM has, as the oracle below reads it: no set, no index. */
interface Has {
  readonly own: readonly number[];
  readonly floats: readonly number[];
  /** Of each host NUMA node. */
  readonly pages: readonly [number, number];
  readonly devices: readonly number[];
}

type Table = ReadonlyMap<string, Has>;

function claim(uid: string, { own, floats, pages, devices }: Has): TableClaim {
  return claimOf({
    uid,
    placement: {
      ...claimedCpus('a', '').placement,
      vcpuPins: [
        ...own.map((cpu, vcpu) => ({ kind: 'dedicated', vcpu: vcpuId(vcpu), cpu: cpu as never } as const)),
        ...(floats.length === 0 ? [] : [{
          kind: 'floating', vcpu: vcpuId(own.length), cpus: CpuSet.from(floats),
        } as const]),
      ],
      cells: pages.flatMap((count, node) => (count === 0 ? [] : [{
        cell: node, hostNode: numaNodeId(node), vcpus: CpuSet.of(node), memoryMiB: 2 * count, pageSizeKiB: 2048,
      }])),
      devices: devices.map((device) => ({ name: `d${device}`, address: `0000:00:00.${device}` })),
    },
  });
}

const holdings = (table: Table): Holdings => holdingsOf([...table].map(([uid, has]) => claim(uid, has)));

/** 2: it has the CPU to itself; 1: it floats over it. */
const strength = (of: Has | undefined, cpu: number) => {
  if (of?.own.includes(cpu) === true) return 2;
  return of?.floats.includes(cpu) === true ? 1 : 0;
};

/** Each pair of VMs and each thing, one by one: how much of what is given twice. */
function excess(table: Table): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  const vms = [...table.values()];
  const count = (what: string, amount: number) => found.set(what, (found.get(what) ?? 0) + amount);
  vms.forEach((one, index) => vms.slice(index + 1).forEach((other) => {
    for (let cpu = 0; cpu < 8; cpu += 1) {
      const [first, second] = [strength(one, cpu), strength(other, cpu)];
      if (first > 0 && second > 0 && first + second > 2) count(`cpu ${cpu}`, 1);
    }
    for (const device of one.devices) if (other.devices.includes(device)) count(`device ${device}`, 1);
  }));
  for (const node of [0, 1] as const) {
    const over = vms.reduce((sum, { pages }) => sum + pages[node], 0) - pagesOfNode;
    if (over > 0) count(`pages ${node}`, over);
  }
  return found;
}

function made(table: Table, changes: ReadonlyMap<string, Has | undefined>, refused: ReadonlySet<string>): Table {
  const after = new Map(table);
  for (const [uid, has] of changes) {
    if (refused.has(uid)) continue;
    if (has === undefined) after.delete(uid);
    else after.set(uid, has);
  }
  return after;
}

function refusedOf(table: Table, changes: ReadonlyMap<string, Has | undefined>): ReadonlySet<string> {
  const wanted = new Map([...changes].map(([uid, has]) => [
    uid, { holding: has === undefined ? undefined : holdings(new Map([[uid, has]])).get(uid), runs: false },
  ]));
  return new Set(refusedChanges(holdings(table), wanted, host).keys());
}

const some = <Value>(of: readonly Value[], maxLength: number) => fc.subarray([...of], { maxLength });
const has: fc.Arbitrary<Has> = fc.record({
  own: some([0, 1, 2, 3, 4, 5, 6, 7], 3),
  floats: some([0, 1, 2], 2),
  pages: fc.tuple(fc.nat(5), fc.nat(5)),
  devices: some([0, 1, 2], 2),
});
const uids = ['a', 'b', 'c', 'd', 'e'];
const tables = fc.dictionary(
  fc.constantFrom(...uids), has, { noNullPrototype: true },
).map((entries): Table => new Map(Object.entries(entries)));
const changesOf = (arbitrary: fc.Arbitrary<Has | undefined>) => fc.uniqueArray(
  fc.tuple(fc.constantFrom(...uids), arbitrary), { selector: ([uid]) => uid, maxLength: 4 },
).map((list) => new Map(list));
const changes = changesOf(fc.option(has, { nil: undefined }));

/** One for each VM that there may be. */
const sizes = fc.array(fc.nat(3), { minLength: uids.length, maxLength: uids.length });

describe('changes of a table', () => {
  test('what may be made gives nothing twice that was not before, in no part of the table', () => {
    fc.assert(fc.property(tables, changes, (table, wanted) => {
      const before = excess(table);
      for (const [what, amount] of excess(made(
        table, wanted, refusedOf(table, wanted),
      ))) expect(amount, what).toBeLessThanOrEqual(before.get(what) ?? 0);
    }), { numRuns: 2000 });
  });

  test('one alone is refused exactly where some part of it that grows is contested then', () => {
    fc.assert(fc.property(tables, fc.constantFrom(...uids), has, (table, uid, now) => {
      const wanted = new Map([[uid, now]]);
      const others = new Map([...table].filter(([other]) => other !== uid));
      const was = table.get(uid);
      const grown: Has = {
        own: now.own.filter((cpu) => strength(was, cpu) < 2),
        floats: now.floats.filter((cpu) => strength(was, cpu) < 1 && !now.own.includes(cpu)),
        pages: [0, 0],
        devices: now.devices.filter((device) => was?.devices.includes(device) !== true),
      };
      // What others have of each other is not this one's.
      const alone = [...others.values()].some((other) => excess(new Map([
        ['other', { ...other, pages: [0, 0] }], ['this', grown],
      ])).size > 0);
      const after = excess(new Map([...others, [uid, now]]));
      const grows = (node: 0 | 1) => now.pages[node] > (was?.pages[node] ?? 0);
      const pages = ([0, 1] as const).some((node) => grows(node) && after.has(`pages ${node}`));
      expect(refusedOf(table, wanted).has(uid)).toBe(alone || pages);
    }), { numRuns: 2000 });
  });

  test('who gives something back, ends or keeps what it has is never refused, whatever is given twice', () => {
    fc.assert(fc.property(tables, changes, sizes, (table, wanted, keeps) => {
      const less = (of: Has, keep: number): Has => ({
        own: of.own.slice(0, keep), floats: of.floats, pages: [Math.min(of.pages[0], keep), of.pages[1]],
        devices: of.devices.slice(0, keep),
      });
      const freed = [...table].map(([uid, of], index) => [
        uid, keeps[index]! === 0 ? undefined : less(of, keeps[index]!),
      ] as const);
      expect([...refusedOf(table, new Map(freed))]).toEqual([]);
      // And it is not held up by what else is to be written.
      const uid = freed[0]?.[0];
      if (uid !== undefined) expect(refusedOf(table, new Map([...wanted, freed[0]!])).has(uid)).toBe(false);
    }));
  });

  test('of those that could all be made, none is refused, in whatever order they come', () => {
    fc.assert(fc.property(tables, changes, sizes, (table, wanted, order) => {
      fc.pre(excess(made(table, wanted, new Set())).size === 0);
      const ranked = [...wanted].map((change, index) => ({ change, at: order[index]! }));
      const shuffled = ranked.toSorted((one, other) => one.at - other.at).map(({ change }) => change);
      expect([...refusedOf(table, new Map(shuffled))]).toEqual([]);
    }));
  });

  const only = (own: readonly number[], pages = 0): Has => ({ own, floats: [], pages: [pages, 0], devices: [] });

  test('only the one that is wrong is refused: not who meets nobody else but it', () => {
    expect([...refusedOf(
      new Map([['a', only([1])]]), new Map([['b', only([2])], ['c', only([1, 2])], ['d', only([3])]]),
    )]).toEqual(['c']);
  });

  test('of two that meet only each other, the later one is', () => {
    expect([...refusedOf(new Map(), new Map([['b', only([2])], ['c', only([2])]]))]).toEqual(['c']);
    expect([...refusedOf(new Map(), new Map([['b', only([], 6)], ['c', only([], 6)]]))]).toEqual(['c']);
  });

  test('two may change places', () => {
    expect([...refusedOf(
      new Map([['a', only([1])], ['b', only([2])]]), new Map([['a', only([2])], ['b', only([1])]]),
    )]).toEqual([]);
  });

  test('a domain that runs keeps its pages, though its administrator offers fewer; not the CPUs of another', () => {
    const change = (of: Has) => new Map([['b', { holding: holdings(new Map([['b', of]])).get('b'), runs: true }]]);
    const before = holdings(new Map([['a', only([1], 8)]]));
    expect([...refusedChanges(before, change(only([2], 8)), host).keys()]).toEqual([]);
    expect([...refusedChanges(before, change(only([1], 8)), host).keys()]).toEqual(['b']);
  });
});
