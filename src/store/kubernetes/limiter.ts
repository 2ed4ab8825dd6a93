/** Bounds how many things are done at once; who waits is served in order. */

export class Limiter {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(limit: number) {
    this.#free = limit;
  }

  /** Resolves with what gives the place back; that must be called once. Rejects with the signal's reason. */
  async acquire(signal: AbortSignal | undefined): Promise<() => void> {
    signal?.throwIfAborted();
    if (this.#free > 0) this.#free -= 1;
    else await this.#wait(signal);
    return () => this.#release();
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const abort = () => {
      this.#waiting.delete(take);
      reject(signal?.reason as Error);
    };
    const take = () => {
      signal?.removeEventListener('abort', abort);
      resolve(undefined);
    };
    this.#waiting.add(take);
    signal?.addEventListener('abort', abort, { once: true });
    return promise;
  }

  /** The place goes straight to the next in line. */
  #release(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free += 1;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
