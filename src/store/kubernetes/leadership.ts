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
  /**
   * What was noticed of the Lease when it was taken: `wentBack`: this process has seen a later count of it, so the
   * store was put back. `longPast`: nobody has renewed it for longer than controllers are ever away.
   */
  readonly noticed?: 'wentBack' | 'longPast' | undefined;
  /** Calls the listener when the Lease turns out to have gone back while it is led. */
  readonly onWentBack?: ((listener: () => void) => void) | undefined;
}

export class NotLeaderError extends Error {
  override readonly name = 'NotLeaderError';
  readonly code = 'NOT_LEADER';
}
