// Notices a peer that holds the socket open but no longer answers, as libvirt does: pings in silence, gives up after some.

import type { Clock, Timer } from '../runtime/clock.ts';

export interface KeepaliveOptions {
  /** Silence after which a ping is sent; libvirt's own default is 5 s. */
  readonly intervalMs: number;
  /** Pings left unanswered before the peer counts as dead. */
  readonly maxMissed: number;
}

/** Silence is noticed after at most 20 s: sooner than any lease of ours ends. */
export const defaultKeepalive: KeepaliveOptions = { intervalMs: 5000, maxMissed: 2 };

/** The longest that a silent peer goes unnoticed. */
export function keepaliveBoundMs({ intervalMs, maxMissed }: KeepaliveOptions): number {
  return intervalMs * (maxMissed + 2);
}

/**
 * Counts intervals in which nothing was heard. It counts them rather than reading a clock, so that after our own process was
 * stopped for long the peer still gets its full number of chances.
 */
export class Keepalive {
  readonly #clock: Clock;
  readonly #options: KeepaliveOptions;
  readonly #ping: () => void;
  readonly #dead: () => void;
  #timer: Timer;
  #heard = false;
  #missed = 0;

  constructor(clock: Clock, options: KeepaliveOptions, ping: () => void, dead: () => void) {
    this.#clock = clock;
    this.#options = options;
    this.#ping = ping;
    this.#dead = dead;
    this.#timer = this.#arm();
  }

  /** Anything that arrives is a sign of life. */
  heard(): void {
    this.#heard = true;
  }

  stop(): void {
    this.#timer.cancel();
  }

  /** The socket keeps the process alive while it is open, this need not. */
  #arm(): Timer {
    return this.#clock.after(this.#options.intervalMs, () => this.#intervalEnded(), { background: true });
  }

  #intervalEnded(): void {
    if (!this.#heard && this.#missed === this.#options.maxMissed) {
      this.#dead();
      return;
    }
    this.#timer = this.#arm();
    if (this.#heard) {
      this.#heard = false;
      this.#missed = 0;
    } else {
      this.#missed += 1;
      this.#ping();
    }
  }
}
