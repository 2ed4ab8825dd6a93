// Notices a peer that holds the socket open but no longer answers, as libvirt does: pings in silence, gives up after some.

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
  readonly #timer: NodeJS.Timeout;
  #heard = false;
  #missed = 0;

  constructor(options: KeepaliveOptions, ping: () => void, dead: () => void) {
    this.#timer = setInterval(() => {
      if (this.#heard) {
        this.#heard = false;
        this.#missed = 0;
      } else if (this.#missed === options.maxMissed) {
        this.stop();
        dead();
      } else {
        this.#missed += 1;
        ping();
      }
    }, options.intervalMs);
    this.#timer.unref(); // the socket keeps the process alive while it is open, this need not
  }

  /** Anything that arrives is a sign of life. */
  heard(): void {
    this.#heard = true;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
