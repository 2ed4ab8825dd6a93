/**
 * How two settings differ, from turns that were taken one after the other under one load: the ratio of each pair of
 * turns, and between which
 * bounds their median is. Nothing is assumed of how latencies are distributed.
 */
import { borneLevels, merge, percentileUs, samplesOf } from './histogram.ts';
import type { Histogram } from './histogram.ts';

/** What one setting gave in one turn. */
export interface TurnFigures {
  readonly histogram: Histogram;
  /** The largest sample of each window, in order. */
  readonly windowMaxUs: readonly number[];
}

/** `p99.9`, `window-max` (the median of the windows' largest samples), `max`. */
export type Figure = string;

export interface Ratio {
  readonly figure: Figure;
  /** The median over all turns of each setting, in microseconds. */
  readonly baseUs: number;
  readonly otherUs: number;
  /** base ÷ other, turn by turn: above 1 the other is better. */
  readonly perTurn: readonly number[];
  readonly median: number;
  /** The median lies between these with at least 95 % certainty; undefined where too few turns say so. */
  readonly between?: readonly [low: number, high: number] | undefined;
  readonly verdict: 'better' | 'worse' | 'cannot tell';
}

/** @param base and other: as many turns of each, in the order in which they were taken. */
export function compareTurns(base: readonly TurnFigures[], other: readonly TurnFigures[]): readonly Ratio[] {
  const fewest = Math.min(...[...base, ...other].map(({ histogram }) => samplesOf(histogram)));
  const figures: [Figure, (turn: TurnFigures) => number][] = [
    ...borneLevels(fewest).map((percent): [Figure, (turn: TurnFigures) => number] => [
      `p${percent}`,
      ({ histogram }) => percentileUs(histogram, percent),
    ]),
    ['window-max', ({ windowMaxUs }) => median(windowMaxUs)],
    ['max', ({ histogram }) => histogram.maxUs],
  ];
  return figures.map(([figure, of]) => ratio(figure, base.map(of), other.map(of)));
}

function ratio(figure: Figure, base: readonly number[], other: readonly number[]): Ratio {
  const perTurn = base.map((us, turn) => us / other[turn]!);
  const between = medianBounds(perTurn);
  const verdict =
    between === undefined || (between[0] <= 1 && between[1] >= 1)
      ? 'cannot tell'
      : between[0] > 1
        ? 'better'
        : 'worse';
  return { figure, baseUs: median(base), otherUs: median(other), perTurn, median: median(perTurn), between, verdict };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/**
 * The values between which the median of all that could have been drawn lies, with at least 95 % certainty: each
 * draw is above it as often
 * as below, so how many are is binomial. Six draws are the fewest that can say so.
 */
export function medianBounds(values: readonly number[]): readonly [number, number] | undefined {
  const sorted = values.toSorted((one, other) => one - other);
  const count = sorted.length;
  let [below, term, outside] = [-1, 2 ** -count, 0];
  // `below` draws may be left out at each end as long as the chance that the median is out there stays within 2.5 %
  // a side.
  for (let left = 0; left < count / 2; left += 1) {
    outside += term;
    if (outside > 0.025) break;
    below = left;
    term = (term * (count - left)) / (left + 1);
  }
  return below < 0 ? undefined : [sorted[below]!, sorted[count - 1 - below]!];
}

/** All turns of one setting in one. */
export function mergeTurns(turns: readonly TurnFigures[]): TurnFigures {
  return {
    histogram: merge(turns.map(({ histogram }) => histogram)),
    windowMaxUs: turns.flatMap(({ windowMaxUs }) => windowMaxUs),
  };
}
