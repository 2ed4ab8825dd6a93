/** How late samples were, counted by bucket: what windows, vCPUs and turns are merged into. */
import { bucketFromUs, bucketToUs } from './buckets.ts';

export interface Histogram {
  /** Samples by bucket; none is 0. */
  readonly counts: ReadonlyMap<number, number>;
  /** Infinite where there is no sample. */
  readonly minUs: number;
  readonly maxUs: number;
}

export const emptyHistogram: Histogram = { counts: new Map(), minUs: Infinity, maxUs: 0 };

/** Order and grouping do not matter to what comes out. */
export function merge(histograms: readonly Histogram[]): Histogram {
  const counts = new Map<number, number>();
  for (const histogram of histograms) {
    for (const [bucket, count] of histogram.counts) counts.set(bucket, (counts.get(bucket) ?? 0) + count);
  }
  return {
    counts,
    minUs: Math.min(Infinity, ...histograms.map(({ minUs }) => minUs)),
    maxUs: Math.max(0, ...histograms.map(({ maxUs }) => maxUs)),
  };
}

export function samplesOf({ counts }: Histogram): number {
  let samples = 0;
  for (const count of counts.values()) samples += count;
  return samples;
}

/**
 * Samples of at least this long, as exactly as the buckets tell: those of the bucket that it falls into are not
 * counted.
 */
export function samplesBeyond({ counts }: Histogram, us: number): number {
  let samples = 0;
  for (const [bucket, count] of counts) if (bucketFromUs(bucket) >= us) samples += count;
  return samples;
}

export interface Percentile {
  /** 99.9: that share of samples, in percent, was at most `us` late. */
  readonly percent: number;
  /**
   * The end of the bucket that the sample is in, or the largest sample where that is less: never an understatement.
   */
  readonly us: number;
}

const levels = [50, 90, 99, 99.9, 99.99, 99.999, 99.9999, 99.99999] as const;
/** With fewer samples above it a percentile is one sample's word, and another run would give another. */
const leastAbove = 10;

/** The percentiles that this many samples bear. */
export function borneLevels(samples: number): readonly number[] {
  // The share above is exact in powers of ten: 1 - 99.999 / 100 is not 0.00001 in floating point.
  return levels.filter((percent) => samples * shareAbove(percent) >= leastAbove);
}

/** Every percentile that the samples bear, rising. */
export function percentiles(histogram: Histogram): readonly Percentile[] {
  return borneLevels(samplesOf(histogram)).map((percent) => ({ percent, us: percentileUs(histogram, percent) }));
}

/** @returns as {@link Percentile.us}; 0 where there is no sample. */
export function percentileUs(histogram: Histogram, percent: number): number {
  const samples = samplesOf(histogram);
  const wanted = samples - Math.floor(samples * shareAbove(percent));
  let seen = 0;
  for (const [bucket, count] of [...histogram.counts].sort(([one], [other]) => one - other)) {
    seen += count;
    if (seen >= wanted) return Math.min(bucketToUs(bucket), histogram.maxUs);
  }
  return histogram.maxUs;
}

function shareAbove(percent: number): number {
  const decimals = (String(percent).split('.')[1] ?? '').length;
  return Math.round((100 - percent) * 10 ** decimals) / 10 ** (decimals + 2);
}
