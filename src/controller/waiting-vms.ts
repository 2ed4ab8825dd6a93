/**
 * VMs that wait for something to change elsewhere, and when they are looked at again: at once when a change may let one of
 * them through, and every now and then where a change can only have made untrue what they were told.
 *
 * Invariant: a VM that was refused by what was known at one moment is looked at again after every later change that may
 * help it, even one that came while its refusal was being written.
 */

import type { Clock, Timer } from '../runtime/clock.ts';

/** So long at most, a VM says what no longer is of why it waits. */
const refreshMs = 30_000;

export interface WaitingVmsOptions {
  readonly clock: Clock;
  /** Nobody gets through now, whatever changes; {@link WaitingVms.changed} is called when that is over. */
  readonly isHeldUp: () => boolean;
  readonly retry: (keys: readonly string[]) => void;
}

export class WaitingVms {
  readonly #options: WaitingVmsOptions;
  readonly #keys = new Set<string>();
  #changes = 0;
  #isDue = false;
  #refresh: Timer | undefined;

  constructor(options: WaitingVmsOptions) {
    this.#options = options;
  }

  /** Counts the changes that may have helped somebody: to be read before a VM is decided on, and given to {@link add}. */
  get changes(): number {
    return this.#changes;
  }

  add(key: string, decidedAt: number): void {
    this.#keys.add(key);
    if (decidedAt !== this.#changes && !this.#options.isHeldUp()) this.#options.retry([key]);
  }

  delete(key: string): void {
    this.#keys.delete(key);
  }

  /** Something is otherwise that may let one of them through. All changes of one turn of the event loop are one. */
  changed(): void {
    this.#changes += 1;
    if (this.#isDue || this.#options.isHeldUp()) return;
    this.#isDue = true;
    this.#options.clock.afterThisTurn(() => {
      this.#isDue = false;
      this.#retry();
    });
  }

  /** Something is otherwise that lets none of them through: room was taken, say. */
  toldOtherwise(): void {
    this.#refresh ??= this.#options.clock.after(refreshMs, () => this.#retry(), { background: true });
  }

  stop(): void {
    this.#refresh?.cancel();
    this.#keys.clear();
  }

  #retry(): void {
    this.#refresh?.cancel();
    this.#refresh = undefined;
    if (this.#keys.size > 0 && !this.#options.isHeldUp()) this.#options.retry([...this.#keys]);
  }
}
