/** A clock on which nobody waits: sleeping moves it, and is written down. */
import { machineClock } from '../clock.ts';
import type { Clock } from '../clock.ts';

export interface HastyClock extends Clock {
  /** Milliseconds of each sleep. */
  readonly slept: number[];
  readonly advance: (ms: number) => void;
}

export function hastyClock(): HastyClock {
  let nowMs = 0;
  const slept: number[] = [];
  return {
    ...machineClock,
    nowMs: () => nowMs,
    date: () => new Date(Date.UTC(2026, 0, 31, 12) + nowMs),
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
