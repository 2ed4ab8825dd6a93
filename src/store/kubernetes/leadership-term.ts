/** One term of leadership, which its own clock ends even where no timer could fire in time: the process may have been frozen. */
import type { Clock, Timer } from '../../runtime/clock.ts';
import type { Lease } from '../foreign.ts';
import { NotLeaderError } from './leadership.ts';

export class Term {
  readonly #end = new AbortController();
  readonly #clock: Clock;
  readonly #renewDeadlineMs: number;
  #timer: Timer | undefined;
  #validUntilMs = 0;
  #lease: Lease;

  constructor(lease: Lease, sentAtMs: number, { clock, renewDeadlineMs }: { readonly clock: Clock; readonly renewDeadlineMs: number }) {
    this.#lease = lease;
    this.#clock = clock;
    this.#renewDeadlineMs = renewDeadlineMs;
    this.renewed(lease, sentAtMs);
  }

  get signal(): AbortSignal {
    return this.#end.signal;
  }

  get lease(): Lease {
    return this.#lease;
  }

  /** A renewal that was sent at `sentAtMs` has succeeded. One whose answer comes too late renews nothing: the term had ended. */
  renewed(lease: Lease, sentAtMs: number): void {
    if (this.isOver()) return;
    this.#lease = lease;
    this.#validUntilMs = sentAtMs + this.#renewDeadlineMs;
    this.#arm();
  }

  /** The lease has another version than we knew, and is still ours. */
  found(lease: Lease): void {
    this.#lease = lease;
  }

  guard(): void {
    if (this.isOver()) throw this.signal.reason instanceof NotLeaderError ? this.signal.reason : new NotLeaderError('this process does not lead any more: its work has ended');
  }

  /** Whether the term has ended; it ends now where its time is up. */
  isOver(): boolean {
    if (this.#validUntilMs > 0 && this.#clock.nowMs() >= this.#validUntilMs) this.lose(`the lease was not renewed within ${this.#renewDeadlineMs / 1000} s`);
    return this.#end.signal.aborted;
  }

  lose(reason: string): void {
    this.#finish(new NotLeaderError(`this process does not lead any more: ${reason}`));
  }

  end(reason: string): void {
    this.#finish(new DOMException(reason, 'AbortError'));
  }

  /** Timers may fire a moment early. */
  #arm(): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.after(Math.max(1, this.#validUntilMs - this.#clock.nowMs()), () => {
      if (!this.isOver()) this.#arm();
    });
  }

  #finish(reason: Error): void {
    this.#timer?.cancel();
    this.#end.abort(reason);
  }
}
