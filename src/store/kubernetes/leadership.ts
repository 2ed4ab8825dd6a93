/** Being the one writer, for as long as the lease says so. */

/** One term of leadership. */
export interface Leadership {
  /** Aborts the moment that the term ends: lost, not renewed in time, or given up. */
  readonly signal: AbortSignal;
  /**
   * To be called right before each write, since a process that was frozen past its lease learns of it from the clock and from nothing else.
   * @throws NotLeaderError once the term is over; the signal has then aborted too.
   */
  readonly guard: () => void;
}

export class NotLeaderError extends Error {
  override readonly name = 'NotLeaderError';
  readonly code = 'NOT_LEADER';
}
