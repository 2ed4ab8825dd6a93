import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chooseCores } from './choose-cores.ts';

test.each([
  [[2, 2], 4, [2, 2]],
  [[1, 2], 2, [0, 2]],
  [[1, 2], 1, [1, 0]],
  [[2, 1, 2], 3, [2, 1, 0]],
  [[2, 2, 2], 3, [2, 1, 0]],
  [[1, 1, 4], 3, [0, 0, 3]],
  [[4, 3, 4], 3, [0, 3, 0]],
  [[1, 1, 1], 2, [1, 1, 0]],
  [[0, 1, 0], 1, [0, 1, 0]],
  [[2, 1], 4, undefined],
  [[], 0, []],
] as const)('rooms %j, %i wanted: %j', (rooms, wanted, expected) => {
  expect(chooseCores(rooms, wanted)).toEqual(expected);
});

test('takes exactly what is wanted, where there is that much, from as few cores as can be', () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 8 }), fc.integer({ min: 0, max: 20 }), (rooms, wanted) => {
    const taken = chooseCores(rooms, wanted);
    const biggest = [...rooms].sort((one, other) => other - one);
    const total = rooms.reduce((sum, room) => sum + room, 0);
    expect(taken === undefined).toBe(total < wanted);
    if (taken === undefined) return;
    expect(taken.reduce((sum, count) => sum + count, 0)).toBe(wanted);
    expect(taken.every((count, core) => count <= rooms[core]!)).toBe(true);
    let fewest = 0;
    for (let left = wanted; left > 0; fewest += 1) left -= biggest[fewest]!;
    expect(taken.filter((count) => count > 0).length).toBe(fewest);
  }), { seed: 20261127 });
});
