/**
 * A signal that aborts with another one, or when its time is up. Unlike AbortSignal.timeout, nothing of it outlives its work: the
 * timers of thousands of finished requests would hold memory for half a minute each.
 */
import type { Clock, Timer } from './clock.ts';

export class Deadline implements Disposable {
  readonly #end = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #clock: Clock;
  #timer: Timer;
  readonly #abort = () => this.#end.abort(this.#outer?.reason);
  #hasPassed = false;

  constructor(clock: Clock, outer: AbortSignal | undefined, ms: number) {
    this.#clock = clock;
    this.#outer = outer;
    this.#timer = this.#arm(ms);
    if (outer?.aborted === true) this.#abort();
    else outer?.addEventListener('abort', this.#abort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#end.signal;
  }

  /** Whether time was what ended it. */
  get hasPassed(): boolean {
    return this.#hasPassed;
  }

  /** Counts again from now, unless it has ended. */
  extend(ms: number): void {
    this.#timer.cancel();
    if (!this.#end.signal.aborted) this.#timer = this.#arm(ms);
  }

  /** To be called when the work is done. */
  clear(): void {
    this.#timer.cancel();
    this.#outer?.removeEventListener('abort', this.#abort);
  }

  [Symbol.dispose](): void {
    this.clear();
  }

  /** The same, and ends what may still be at work with the signal. */
  end(): void {
    this.clear();
    this.#end.abort();
  }

  #arm(ms: number): Timer {
    return this.#clock.after(ms, () => {
      this.#hasPassed = true;
      this.#end.abort(new DOMException(`not done within ${ms} ms`, 'TimeoutError'));
    });
  }
}
