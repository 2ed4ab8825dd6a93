import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketOf } from './buckets.ts';
import {
  borneLevels,
  emptyHistogram,
  merge,
  percentiles,
  percentileUs,
  samplesBeyond,
  samplesOf,
} from './histogram.ts';
import type { Histogram } from './histogram.ts';

const of = (values: readonly number[]): Histogram =>
  merge(values.map((us) => ({ counts: new Map([[bucketOf(us), 1]]), minUs: us, maxUs: us })));
const latency = fc.oneof(fc.double({ min: 0, max: 50, noNaN: true }), fc.double({ min: 0, max: 2e7, noNaN: true }));

describe('a histogram', () => {
  it('is the same however its parts are merged, and holds every sample', () => {
    fc.assert(
      fc.property(fc.array(fc.array(latency)), (parts) => {
        const all = of(parts.flat());
        expect(merge(parts.map(of))).toEqual(all);
        expect(merge([emptyHistogram, ...parts.map(of).reverse()])).toMatchObject({
          minUs: all.minUs,
          maxUs: all.maxUs,
        });
        expect(samplesOf(all)).toBe(parts.flat().length);
      }),
    );
  });

  it('never says that a percentile is less than it is', () => {
    fc.assert(
      fc.property(
        fc.array(latency, { minLength: 1, maxLength: 200 }),
        fc.constantFrom(50, 90, 99, 99.9),
        (values, percent) => {
          const us = percentileUs(of(values), percent);
          const later = values.filter((value) => value > us).length;
          expect(later).toBeLessThanOrEqual((values.length * (100 - percent)) / 100);
          expect(us).toBeLessThanOrEqual(Math.max(...values));
        },
      ),
    );
  });

  it('has only the percentiles that its samples bear: ten must lie above', () => {
    expect([0, 19, 20, 999, 1000, 99_999, 100_000, 1e9].map((samples) => borneLevels(samples).at(-1))).toEqual([
      undefined,
      undefined,
      50,
      90,
      99,
      99.9,
      99.99,
      99.99999,
    ]);
    expect(
      percentiles({
        counts: new Map([
          [0, 99_990],
          [30, 10],
        ]),
        minUs: 0.02,
        maxUs: 30.5,
      }),
    ).toEqual([
      { percent: 50, us: 1 },
      { percent: 90, us: 1 },
      { percent: 99, us: 1 },
      { percent: 99.9, us: 1 },
      { percent: 99.99, us: 1 },
    ]);
  });

  it('counts samples beyond a threshold', () => {
    expect(
      samplesBeyond(
        {
          counts: new Map([
            [0, 5],
            [19, 3],
            [20, 2],
            [21, 1],
          ]),
          minUs: 0,
          maxUs: 21,
        },
        20,
      ),
    ).toBe(3);
  });
});
