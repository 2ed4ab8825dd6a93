import fc from 'fast-check';
import { expect, it } from 'vitest';
import { backoffMs } from './backoff.ts';

const options = { firstMs: 200, maxMs: 30_000 };

it('doubles up to the cap', () => {
  const almostOne = 1 - Number.EPSILON;
  expect([0, 1, 2, 7, 8, 1000].map((failures) => backoffMs(failures, almostOne, options))).toEqual([200, 400, 800, 25_600, 30_000, 30_000]);
});

it('keeps between half of and the full delay', () => {
  fc.assert(fc.property(fc.nat(), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (failures, random) => {
    const full = backoffMs(failures, 1, options);
    const ms = backoffMs(failures, random, options);
    expect(ms).toBeGreaterThanOrEqual(Math.floor(full / 2));
    expect(ms).toBeLessThanOrEqual(full);
  }));
});
