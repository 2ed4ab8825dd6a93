/** When a process was stopped (SIGSTOP, a debugger), by looking at its state: what works without tracing, too. */
import { readLiveStat } from '../node-agent/host/process.ts';
import type { HostRoot } from '../node-agent/host/host-root.ts';
import type { Clock, Timer } from '../runtime/clock.ts';

/** Long enough to cost nothing; what is stopped for less is not seen. */
const lookEveryMs = 20;

export interface StoppedSpan {
  /** First and last look at which it was stopped, by the measurement's clock. */
  readonly fromMs: number;
  readonly toMs: number;
}

export class StoppedWatch implements Disposable {
  readonly #spans: StoppedSpan[] = [];
  readonly #look: () => void;
  #timer: Timer | undefined;
  #current: StoppedSpan | undefined;

  constructor(root: HostRoot, pid: number, clock: Clock) {
    this.#look = () => {
      this.#note(readLiveStat(`${root.proc}/${pid}`)?.state, clock.nowMs());
      this.#timer = clock.after(lookEveryMs, this.#look);
    };
    this.#look();
  }

  /** Oldest first; the last may still go on. */
  get spans(): readonly StoppedSpan[] {
    return this.#current === undefined ? this.#spans : [...this.#spans, this.#current];
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel();
  }

  #note(state: string | undefined, nowMs: number): void {
    if (state === 'T' || state === 't') {
      this.#current = { fromMs: this.#current?.fromMs ?? nowMs, toMs: nowMs };
    } else if (this.#current !== undefined) {
      this.#spans.push(this.#current);
      this.#current = undefined;
    }
  }
}
