import fc from 'fast-check';
import { expect, it } from 'vitest';
import { backoffMs, jitteredBackoffMs } from './backoff.ts';

const backoff = { firstMs: 200, maxMs: 30_000 };

it('doubles up to the cap', () => {
  const waits = [0, 1, 2, 7, 8, 1000].map((failures) => backoffMs(failures, backoff));
  expect(waits).toEqual([200, 400, 800, 25_600, 30_000, 30_000]);
});

it('is jittered between half of and the full wait', () => {
  const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(fc.property(fc.nat(), fraction, (failures, chance) => {
    const full = backoffMs(failures, backoff);
    const ms = jitteredBackoffMs(failures, chance, backoff);
    expect(ms).toBeGreaterThanOrEqual(Math.floor(full / 2));
    expect(ms).toBeLessThanOrEqual(full);
  }));
});
