/** What a person's Ctrl-C, or systemd's stop, does to a command: it ends in order. */
import process from 'node:process';

/** SIGINT and SIGTERM, as an abort signal, for as long as it is in use. */
export class Interrupt implements Disposable {
  readonly #controller = new AbortController();
  readonly #abort = () => this.#controller.abort();

  constructor() {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, this.#abort);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get happened(): Promise<void> {
    return new Promise((resolve) => {
      if (this.signal.aborted) resolve();
      else this.signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  [Symbol.dispose](): void {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, this.#abort);
  }
}
