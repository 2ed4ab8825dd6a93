/**
 * A signal that aborts with another one, or when its time is up. Unlike AbortSignal.timeout, nothing of it outlives its request: the
 * timers of thousands of finished requests would hold memory for half a minute each.
 */

export class Deadline {
  readonly #end = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #timer: NodeJS.Timeout;
  readonly #abort = () => this.#end.abort(this.#outer?.reason);
  #hasPassed = false;

  constructor(outer: AbortSignal | undefined, ms: number) {
    this.#outer = outer;
    this.#timer = setTimeout(() => {
      this.#hasPassed = true;
      this.#end.abort(new DOMException(`not done within ${ms} ms`, 'TimeoutError'));
    }, ms);
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

  /** To be called when the work is done. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#outer?.removeEventListener('abort', this.#abort);
  }
}
