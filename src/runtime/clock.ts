/** Time as a value: what the wall says, how much has passed, and what is to happen later. A simulation puts its own in. */
import { abortError } from './abort.ts';

/** What was to happen later. Cancelling it twice, or after it has happened, is harmless. */
export interface Timer {
  readonly cancel: () => void;
}

export interface TimerOptions {
  /** The process need not stay alive for it. Default false. */
  readonly background?: boolean;
}

export interface Clock {
  /** Milliseconds that only ever grow, whatever is done to the wall clock; they go on while the process is stopped. */
  readonly nowMs: () => number;
  /** The wall clock: for what people read, never to measure with. */
  readonly date: () => Date;
  /** Runs `action` once, when so many milliseconds have passed, or a moment before: timers may fire early by less than one. */
  readonly after: (ms: number, action: () => void, options?: TimerOptions) => Timer;
  /** Runs `action` after everything that is due in this turn of the event loop: what is decided together is then done together. */
  readonly afterThisTurn: (action: () => void) => void;
  /** Rejects with an AbortError when the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
}

const after: Clock['after'] = (ms, action, { background = false } = {}) => {
  const timer = setTimeout(action, ms);
  if (background) timer.unref();
  return { cancel: () => clearTimeout(timer) };
};

export const machineClock: Clock = {
  nowMs: () => performance.now(),
  date: () => new Date(),
  after,
  afterThisTurn: (action) => void setImmediate(action),
  sleep: (ms, signal) => sleepBy(after, ms, signal),
};

/** {@link Clock.sleep}, for a clock that has timers. */
export async function sleepBy(timers: Clock['after'], ms: number, signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted === true) throw abortError(signal);
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const timer = timers(ms, () => resolve(undefined));
  const abort = () => reject(abortError(signal));
  signal?.addEventListener('abort', abort, { once: true });
  try {
    await promise;
  } finally {
    timer.cancel();
    signal?.removeEventListener('abort', abort);
  }
}
