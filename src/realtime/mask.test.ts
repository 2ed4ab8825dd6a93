import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CpuSet } from './cpu-set.ts';
import type { GuestEmulatorThreads } from './guest.ts';
import { parseMask, realtimeVcpus } from './mask.ts';
import { accepted } from './problem.ts';

const path = 'spec.cpu.realtime.mask';

/** The set's text, or the code and the message of the only problem. */
function outcome(vcpus: number, mask: string | undefined, emulatorThreads: GuestEmulatorThreads = 'Housekeeping'): string {
  const result = realtimeVcpus({ mask, vcpus, emulatorThreads, path });
  if (result.ok) return result.value.toString();
  expect(result.problems).toHaveLength(1);
  expect(result.problems[0]).toMatchObject({ path, value: mask });
  return `${result.problems[0]!.code}: ${result.problems[0]!.message}`;
}

const housekeepingHint = 'accepted: a mask that leaves one out (such as "^0"), or emulatorThreads Isolate or Share';
const syntax = (item: string) => `MASK_SYNTAX: cannot be parsed at item "${item}"; accepted: items N, A-B, ^N or ^A-B, separated by commas`;
const all = (last: number) => `MASK_NO_HOUSEKEEPING: names all of vCPUs 0-${last}, so that none is left for housekeeping; ${housekeepingHint}`;
const strangers = (vcpus: string, last: number) => `MASK_NOT_SUBSET: names vCPUs ${vcpus}, which the guest does not have; accepted: vCPUs 0-${last}`;
const alone = 'MASK_NO_HOUSEKEEPING: leaves nothing for housekeeping: the guest has one vCPU; accepted: 2 or more vCPUs, or emulatorThreads Isolate or Share';

describe('the table of rules 2.1 to 2.5', () => {
  test.each<[number, string | undefined, string, GuestEmulatorThreads?]>([
    [3, '^1', '0,2'],
    [3, ' ^1', '0,2'],
    [3, '^0-1', '2'],
    [3, '1-2', '1-2'],
    [3, '1-2,^1', '2'],
    [3, '0-2,^0', '1-2'],
    [4, '^0-1', '2-3'],
    [4, undefined, '1-3'],
    [4, '^0,2', '1-3'],
    [4, '^0-1,0', '2-3'],
    [3, undefined, '0-2', 'Isolate'],
    [1, undefined, '0', 'Isolate'],
    [3, undefined, '0-2', 'Share'],
    [3, '0-2', '0-2', 'Share'],
    [3, '^0-2', 'MASK_EMPTY: leaves no vCPU; accepted: a mask that leaves at least one of vCPUs 0-2'],
    [3, '0-2', all(2)],
    [3, '^3', all(2)],
    [3, '0-3,^0', strangers('3', 2)],
    [4, '^0,7', strangers('7', 3)],
    [4, '4-5', strangers('4-5', 3)],
    [4, '1-9', strangers('4-9', 3)],
    [1, undefined, alone],
    [1, '0', alone],
    [1, '^0', alone],
    [4, '3-1', syntax('3-1')],
    [4, '1-2-3', syntax('1-2-3')],
    [4, 'a', syntax('a')],
    [4, '1-', syntax('1-')],
    [4, '-3,5', syntax('-3')],
    [4, '^^5', syntax('^^5')],
    [4, '^2^', syntax('^2^')],
    [4, '5a', syntax('5a')],
    [4, '', '1-3'],
    [4, '  ', '1-3'],
    [4, '2,^9', '2'],
    [4, '1,,2', syntax('')],
  ])('%i vCPUs, %j → %s (emulator %s)', (vcpus, mask, expected, emulatorThreads) => {
    expect(outcome(vcpus, mask, emulatorThreads)).toBe(expected);
  });
});

describe('beyond the table', () => {
  test.each<[number, string, string, GuestEmulatorThreads?]>([
    [4, ' 1 - 2 , ^ 1 ', '2'],
    [4, '1,2,', syntax('')],
    [4, '+1', syntax('+1')],
    [4, '1.0', syntax('1.0')],
    [4, '0x1', syntax('0x1')],
    [4, '٣', syntax('٣')],
    [4, '1-99999999999999999999', strangers('100000000000000000000', 3)],
    [4, '2,^5-99999999999999999999', '2'],
    [1, '^0', 'MASK_EMPTY: leaves no vCPU; accepted: a mask that leaves at least one of vCPUs 0-0', 'Isolate'],
    [1, '7', strangers('7', 0)],
  ])('%i vCPUs, %j → %s (emulator %s)', (vcpus, mask, expected, emulatorThreads) => {
    expect(outcome(vcpus, mask, emulatorThreads)).toBe(expected);
  });
});

describe('properties', () => {
  const vcpus = fc.integer({ min: 1, max: 64 });
  const item = fc.tuple(fc.boolean(), fc.nat(80), fc.nat(20)).map(([excludes, first, more]) => ({ excludes, text: `${excludes ? '^' : ''}${first}${more === 0 ? '' : `-${first + more}`}` }));

  test('a set written in the list notation reads back as the same set', () => {
    fc.assert(fc.property(vcpus, fc.array(fc.nat(63), { minLength: 1 }), (count, numbers) => {
      const set = CpuSet.from(numbers.map((number) => number % count));
      expect(parseMask(set.toString(), count, path)).toEqual(accepted(set));
    }));
  });

  test('the order of the items after the first does not matter, nor does any order with the same kind of item first', () => {
    fc.assert(fc.property(vcpus, fc.array(item, { minLength: 1, maxLength: 8 }), fc.nat(), (count, items, seed) => {
      const shuffled = items.map((each, index) => ({ each, key: Math.imul(index + 1, seed | 1) })).sort((a, b) => a.key - b.key).map(({ each }) => each);
      fc.pre(items[0]!.excludes === shuffled[0]!.excludes);
      const answer = (list: typeof items) => {
        const result = parseMask(list.map(({ text }) => text).join(','), count, path);
        return result.ok ? result.value.toString() : result.problems[0]!.code;
      };
      expect(answer(shuffled)).toBe(answer(items));
    }));
  });

  test('an accepted mask parts the vCPUs in realtime and housekeeping, neither of them empty', () => {
    fc.assert(fc.property(vcpus, fc.array(item, { minLength: 1, maxLength: 8 }), (count, items) => {
      const result = realtimeVcpus({ mask: items.map(({ text }) => text).join(','), vcpus: count, emulatorThreads: 'Housekeeping', path });
      if (!result.ok) return;
      const housekeeping = CpuSet.range(0, count - 1).minus(CpuSet.from(result.value));
      expect(result.value.isEmpty || housekeeping.isEmpty).toBe(false);
      expect(housekeeping.union(CpuSet.from(result.value))).toEqual(CpuSet.range(0, count - 1));
    }));
  });

  test('no text makes it throw', () => {
    fc.assert(fc.property(fc.string(), vcpus, (text, count) => {
      expect(typeof parseMask(text, count, path).ok).toBe('boolean');
    }));
  });
});
