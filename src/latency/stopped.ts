/** When a process was stopped (SIGSTOP, a debugger), by looking at its state: what works without tracing, too. */
import { readLiveStat } from '../node-agent/host/process.ts';
import type { HostRoot } from '../node-agent/host/host-root.ts';
import { now } from './turn.ts';

/** Long enough to cost nothing; what is stopped for less is not seen. */
const lookEveryMs = 20;

export interface StoppedSpan {
  /** First and last look at which it was stopped, by the measurement's clock. */
  readonly fromMs: number;
  readonly toMs: number;
}

export class StoppedWatch implements Disposable {
  readonly #spans: StoppedSpan[] = [];
  readonly #timer: NodeJS.Timeout;
  #current: StoppedSpan | undefined;

  constructor(root: HostRoot, pid: number) {
    this.#timer = setInterval(() => this.#look(readLiveStat(`${root.proc}/${pid}`)?.state), lookEveryMs);
  }

  /** Oldest first; the last may still go on. */
  get spans(): readonly StoppedSpan[] {
    return this.#current === undefined ? this.#spans : [...this.#spans, this.#current];
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #look(state: string | undefined): void {
    if (state === 'T' || state === 't') {
      this.#current = { fromMs: this.#current?.fromMs ?? now(), toMs: now() };
    } else if (this.#current !== undefined) {
      this.#spans.push(this.#current);
      this.#current = undefined;
    }
  }
}
