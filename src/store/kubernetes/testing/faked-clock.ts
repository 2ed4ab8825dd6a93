/** A clock on vitest's faked timers, which can be moved without any timer firing, as it is for a process that was frozen. */
import type { Clock } from '../../clock.ts';

export interface FakedClock extends Clock {
  /** Moves this clock alone. */
  readonly jump: (ms: number) => void;
}

export function fakedClock(random = 0): FakedClock {
  let jumpedMs = 0;
  return {
    nowMs: () => performance.now() + jumpedMs,
    date: () => new Date(),
    random: () => random,
    sleep: (ms, signal) => new Promise((resolve, reject) => {
      const abort = () => {
        clearTimeout(timer);
        reject(new DOMException('aborted', 'AbortError'));
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', abort);
        resolve(undefined);
      }, ms);
      if (signal?.aborted === true) abort();
      else signal?.addEventListener('abort', abort, { once: true });
    }),
    jump: (ms) => { jumpedMs += ms; },
  };
}
