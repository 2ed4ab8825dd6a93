/** How long to wait before trying again: doubling, capped, and jittered so that many processes do not return in one moment. */

export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
}

/**
 * @param failures how many attempts have failed in a row before this one, from 0.
 * @param random in [0, 1).
 * @returns milliseconds, between half of and the full doubled-and-capped delay.
 */
export function backoffMs(failures: number, random: number, { firstMs, maxMs }: Backoff): number {
  const full = Math.min(maxMs, firstMs * 2 ** Math.min(failures, 32));
  return Math.round((full / 2) * (1 + random));
}
