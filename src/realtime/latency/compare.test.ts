import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketOf } from './buckets.ts';
import { compareTurns, median, medianBounds } from './compare.ts';
import type { TurnFigures } from './compare.ts';
import { merge } from './histogram.ts';

const turn = (values: readonly number[]): TurnFigures => ({
  histogram: merge(values.map((us) => ({ counts: new Map([[bucketOf(us), 1]]), minUs: us, maxUs: us }))),
  windowMaxUs: values,
});
/** Turns of twenty samples around a latency, none alike. */
const turns = (us: number, count: number) =>
  Array.from({ length: count }, (_, index) =>
    turn(Array.from({ length: 20 }, (__, sample) => us * (1 + sample / 100 + index / 50))),
  );

describe('two settings', () => {
  it("differ by a ratio at every percentile, the windows' largest and the maximum, turn by turn", () => {
    const ratios = compareTurns(turns(8000, 10), turns(80, 10));
    expect(ratios.map(({ figure, verdict }) => [figure, verdict])).toEqual([
      ['p50', 'better'],
      ['window-max', 'better'],
      ['max', 'better'],
    ]);
    for (const { median: middle, between, perTurn } of ratios) {
      expect(perTurn).toHaveLength(10);
      expect(middle).toBeGreaterThan(90);
      expect(between![0]).toBeLessThanOrEqual(middle);
      expect(between![1]).toBeGreaterThanOrEqual(middle);
    }
    expect(compareTurns(turns(80, 10), turns(8000, 10)).map(({ verdict }) => verdict)).toEqual([
      'worse',
      'worse',
      'worse',
    ]);
  });

  it('cannot be told apart where they are alike, where turns contradict each other, or where there are too '
    + 'few', () => {
    const verdicts = (base: readonly TurnFigures[], other: readonly TurnFigures[]) =>
      new Set(compareTurns(base, other).map(({ verdict }) => verdict));
    expect(verdicts(turns(80, 10), turns(80, 10))).toEqual(new Set(['cannot tell']));
    expect(verdicts(turns(8000, 5), turns(80, 5))).toEqual(new Set(['cannot tell']));
    const changing = [80, 8000, 80, 8000, 80, 8000, 80, 8000, 80, 8000].flatMap((us) => turns(us, 1));
    expect(verdicts(changing, turns(800, 10))).toEqual(new Set(['cannot tell']));
  });

  it("have no percentile that a turn's samples do not bear", () => {
    expect(compareTurns([turn([1, 2, 3])], [turn([1, 2, 3])]).map(({ figure }) => figure)).toEqual([
      'window-max',
      'max',
    ]);
  });
});

describe('the bounds of a median', () => {
  it('are those of the binomial distribution: six draws are the fewest, of ten the second from each end', () => {
    const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
    expect([5, 6, 8, 9, 10, 20].map((count) => medianBounds(numbers(count)))).toEqual([
      undefined,
      [1, 6],
      [1, 8],
      [2, 8],
      [2, 9],
      [6, 15],
    ]);
  });

  it('hold the median, in whatever order the draws come', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.001, max: 1e6, noNaN: true }), { minLength: 6, maxLength: 40 }),
        (values) => {
          const [low, high] = medianBounds(values)!;
          expect(low).toBeLessThanOrEqual(median(values));
          expect(high).toBeGreaterThanOrEqual(median(values));
          expect(medianBounds(values.toReversed())).toEqual([low, high]);
        },
      ),
    );
  });
});
