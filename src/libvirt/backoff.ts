// How long to wait before trying again: doubling, capped, and jittered so that many agents do not return in one moment.

export interface BackoffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** A restarting libvirtd is back within a fraction of a second; one that is gone is asked about twice a minute. */
export const defaultBackoff: BackoffOptions = { firstMs: 200, maxMs: 30_000 };

/**
 * @param failures how many attempts have failed in a row, from 0.
 * @param random in [0, 1).
 * @returns milliseconds, between half of and the full doubled-and-capped delay.
 */
export function backoffMs(failures: number, random: number, { firstMs, maxMs }: BackoffOptions = defaultBackoff): number {
  const full = Math.min(maxMs, firstMs * 2 ** Math.min(failures, 32));
  return Math.round(full / 2 + (full / 2) * random);
}
