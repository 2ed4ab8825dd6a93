/** Time and chance, replaceable in tests. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface Clock {
  /** Milliseconds that only ever grow, whatever is done to the wall clock; they go on while the process is stopped. */
  readonly nowMs: () => number;
  readonly date: () => Date;
  /** In [0, 1). */
  readonly random: () => number;
  /** Rejects with an AbortError when the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal | undefined) => Promise<unknown>;
}

export const machineClock: Clock = {
  nowMs: () => performance.now(),
  date: () => new Date(),
  random: () => Math.random(),
  sleep: (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }),
};
