/**
 * A histogram's buckets in few rows, for a picture: fine where latencies are short, each about as wide as all before
 * it where they are long.
 */
import type { Figures } from '../../realtime/latency/report.ts';

export interface HistogramRow {
  readonly fromUs: number;
  /** Null: all that is longer. */
  readonly toUs: number | null;
  readonly count: number;
}

/** Bounds of rows in microseconds: 1, 2, 5 in each decade. */
const bounds = Array.from({ length: 8 }, (_, decade) => [1, 2, 5].map((step) => step * 10 ** decade)).flat();

/**
 * From the row of the smallest sample to that of the largest; those between them without a sample are there, too. A
 * bucket that a bound
 * divides counts where it begins.
 */
export function rowsOf(buckets: Figures['buckets'], most: number): readonly HistogramRow[] {
  const all = [0, ...bounds].map((fromUs, index): HistogramRow => ({
    fromUs,
    toUs: bounds[index] ?? null,
    count: buckets.reduce(
      (sum, [from, , count]) => sum + (from >= fromUs && from < (bounds[index] ?? Infinity) ? count : 0),
      0,
    ),
  }));
  const first = all.findIndex(({ count }) => count > 0);
  const last = all.findLastIndex(({ count }) => count > 0);
  return first === -1 ? [] : all.slice(first, last + 1).slice(-most);
}
