/** A clock on vitest's faked timers, which can be moved without any timer firing, as it is for a process that was frozen. */
import { machineClock } from '../clock.ts';
import type { Clock } from '../clock.ts';

export interface FakedClock extends Clock {
  /** Moves this clock alone. */
  readonly jump: (ms: number) => void;
}

export function fakedClock(): FakedClock {
  let jumpedMs = 0;
  return {
    ...machineClock,
    nowMs: () => performance.now() + jumpedMs,
    jump: (ms) => { jumpedMs += ms; },
  };
}
