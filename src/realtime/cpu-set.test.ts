import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CpuListError, CpuSet, cpuNumberLimit, unionOf } from './cpu-set.ts';

const cpuNumbers = fc.uniqueArray(fc.integer({ min: 0, max: 200 }), { maxLength: 40 });

describe('CpuSet', () => {
  it.each([
    ['', []],
    ['\n', []],
    ['0', [0]],
    ['0-3,8', [0, 1, 2, 3, 8]],
    [' 2 , 0 - 1 ', [0, 1, 2]],
    ['31-33', [31, 32, 33]],
    ['5,5,4-6', [4, 5, 6]],
    ['8191', [8191]],
  ])('reads %j', (text, expected) => {
    expect(CpuSet.parse(text).toArray()).toEqual(expected);
  });

  it.each([
    ['a', 'item "a" is neither a number nor a range'],
    ['1,,2', 'item "" is neither a number nor a range'],
    ['3-1', 'range "3-1" runs backwards'],
    ['1-', 'item "1-" is neither a number nor a range'],
    ['-1', 'item "-1" is neither a number nor a range'],
    ['8192', '8192 is above the highest CPU number, 8191'],
    ['0-99999999999', '99999999999 is above the highest CPU number, 8191'],
  ])('refuses %j', (text, why) => {
    expect(() => CpuSet.parse(text)).toThrow(new CpuListError(text, why));
  });

  it('refuses numbers that no CPU has', () => {
    for (const bad of [-1, 0.5, cpuNumberLimit, Number.NaN]) expect(() => CpuSet.of(bad)).toThrow(RangeError);
  });

  it('writes the shortest list', () => {
    expect(CpuSet.of(7, 0, 1, 2, 9, 10).toString()).toBe('0-2,7,9-10');
    expect(CpuSet.empty().toString()).toBe('');
    expect(JSON.stringify({ cpus: CpuSet.range(4, 7) })).toBe('{"cpus":"4-7"}');
  });

  it('survives a round trip through text', () => {
    fc.assert(fc.property(cpuNumbers, (numbers) => {
      const set = CpuSet.from(numbers);
      expect(CpuSet.parse(set.toString()).equals(set)).toBe(true);
      expect(set.toArray()).toEqual([...numbers].sort((a, b) => a - b));
      expect(set.size).toBe(numbers.length);
    }));
  });

  it('reads ranges of any ends, overlapping or not, as the numbers in them', () => {
    const range = fc.tuple(fc.nat({ max: cpuNumberLimit - 1 }), fc.nat({ max: 100 }));
    fc.assert(fc.property(fc.array(range, { maxLength: 6 }), (ranges) => {
      const [lists, numbers] = [[] as string[], new Set<number>()];
      for (const [first, length] of ranges) {
        const last = Math.min(cpuNumberLimit - 1, first + length);
        lists.push(`${first}-${last}`);
        for (let cpu = first; cpu <= last; cpu += 1) numbers.add(cpu);
      }
      expect(CpuSet.parse(lists.join(',')).toArray()).toEqual([...numbers].sort((a, b) => a - b));
    }));
  });

  it('reads a megabyte of the largest range without holding a number for each CPU of each', () => {
    const text = Array.from({ length: 120_000 }, () => `0-${cpuNumberLimit - 1}`).join(',');
    expect(CpuSet.parse(text).size).toBe(cpuNumberLimit);
  });

  it('agrees with the sets of the language', () => {
    fc.assert(fc.property(cpuNumbers, cpuNumbers, (left, right) => {
      const [a, b] = [new Set(left), new Set(right)];
      const [x, y] = [CpuSet.from(left), CpuSet.from(right)];
      expect(x.union(y).equals(CpuSet.from(a.union(b)))).toBe(true);
      expect(x.intersection(y).equals(CpuSet.from(a.intersection(b)))).toBe(true);
      expect(x.minus(y).equals(CpuSet.from(a.difference(b)))).toBe(true);
      expect(x.isSubsetOf(y)).toBe(a.isSubsetOf(b));
      expect(x.overlaps(y)).toBe(!a.isDisjointFrom(b));
      expect(x.first).toBe(x.toArray()[0]);
      expect(unionOf([x, y, CpuSet.empty()]).equals(x.union(y))).toBe(true);
      for (const cpu of left) expect(x.has(cpu)).toBe(true);
    }));
  });
});

describe('the test runner', () => {
  it('tells sets of different members apart, within whole values too', () => {
    expect({ cpus: CpuSet.of(1, 2) }).toEqual({ cpus: CpuSet.of(2, 1) });
    expect({ cpus: CpuSet.of(1) }).not.toEqual({ cpus: CpuSet.of(2) });
    expect([CpuSet.of(1)]).not.toStrictEqual([CpuSet.empty()]);
  });
});
