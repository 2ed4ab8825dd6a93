/**
 * The buckets of a latency histogram, as the probe guest fills them (guest/layout.inc): one for each microsecond
 * below 1024,
 * then 32 for each doubling until 2^24 µs (16.8 s), so that a value is known to 3 %, and one for all that is longer.
 */

const linearShift = 10;
const fineShift = 5;
const topShift = 24;
const linear = 1 << linearShift;
const fine = 1 << fineShift;

/** How many there are. */
export const bucketCount = linear + (topShift - linearShift) * fine + 1;
/** The last: longer than any other holds. */
export const overflowBucket = bucketCount - 1;

/** @param us microseconds; a part of one counts as none. */
export function bucketOf(us: number): number {
  const whole = Math.floor(us);
  if (whole < linear) return Math.max(0, whole);
  if (whole >= 2 ** topShift) return overflowBucket;
  const power = 31 - Math.clz32(whole);
  return linear + (power - linearShift) * fine + (whole >>> (power - fineShift)) - fine;
}

/** The least value of a bucket, in microseconds. */
export function bucketFromUs(bucket: number): number {
  if (bucket < linear) return bucket;
  const beyond = bucket - linear;
  return (fine + (beyond % fine)) * 2 ** (linearShift - fineShift + Math.floor(beyond / fine));
}

/** The value below which all of a bucket is, in microseconds; infinite for the last. */
export function bucketToUs(bucket: number): number {
  return bucket === overflowBucket ? Infinity : bucketFromUs(bucket + 1);
}
