/** How long to wait before trying again: doubling, capped, and jittered where many processes would return in one moment. */

export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
}

/**
 * @param failures how many attempts have failed in a row before this one, from 0.
 * @returns milliseconds: the first wait, doubled with each failure, and no more than the longest.
 */
export function backoffMs(failures: number, { firstMs, maxMs }: Backoff): number {
  return Math.min(maxMs, firstMs * 2 ** Math.min(failures, 32));
}

/**
 * The same, spread over its upper half.
 * @param fraction of chance, in [0, 1).
 */
export function jitteredBackoffMs(failures: number, fraction: number, backoff: Backoff): number {
  return Math.round((backoffMs(failures, backoff) / 2) * (1 + fraction));
}
