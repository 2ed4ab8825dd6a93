/** A clock on which nobody waits: sleeping moves it, and is written down. */
import type { Clock } from '../../clock.ts';

export interface HastyClock extends Clock {
  /** Milliseconds of each sleep. */
  readonly slept: number[];
  readonly advance: (ms: number) => void;
}

/** @param random the same each time. */
export function hastyClock(random = 0.5): HastyClock {
  let nowMs = 0;
  const slept: number[] = [];
  return {
    nowMs: () => nowMs,
    date: () => new Date(Date.UTC(2026, 0, 31, 12) + nowMs),
    random: () => random,
    sleep: async (ms, signal) => {
      slept.push(ms);
      nowMs += ms;
      // Others get their turn, so that what never waits can still be aborted.
      await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
    },
    slept,
    advance: (ms) => { nowMs += ms; },
  };
}
