/** Which agents have stopped renewing their Leases, by our own clock. */

import type { Clock } from '../../runtime/clock.ts';

/** A Lease that is first seen this much older than it may be is silent, even with clocks that differ. */
const clockDifferenceMs = 60_000;

interface Heartbeat {
  readonly renewTime: string;
  /** When it was first seen to be so, on a clock that only goes forward. */
  readonly seenMs: number;
}

export class LeaseBook {
  readonly #leaseMs: number;
  readonly #heartbeats = new Map<string, Heartbeat>();
  readonly #silent = new Set<string>();

  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs;
  }

  /** @returns whether the agent's silence has begun or ended with it. */
  seen(name: string, renewTime: string | undefined, clock: Clock): boolean {
    const before = this.#heartbeats.get(name);
    if (renewTime === undefined) return this.gone(name);
    if (before?.renewTime === renewTime) return false;
    const isOld = before === undefined && clock.date().getTime() - Date.parse(renewTime) > this.#leaseMs + clockDifferenceMs;
    const nowMs = clock.nowMs();
    this.#heartbeats.set(name, { renewTime, seenMs: isOld ? nowMs - this.#leaseMs : nowMs });
    return this.#set(name, isOld);
  }

  /** Nobody holds the Lease. @returns as {@link seen}. */
  gone(name: string): boolean {
    this.#heartbeats.delete(name);
    return this.#set(name, true);
  }

  /** @returns the agents that have fallen silent since it was last asked. */
  lapsed(nowMs: number): readonly string[] {
    const late = [...this.#heartbeats].filter(([name, { seenMs }]) => nowMs - seenMs >= this.#leaseMs && !this.#silent.has(name)).map(([name]) => name);
    for (const name of late) this.#silent.add(name);
    return late;
  }

  isSilent(name: string): boolean {
    return this.#silent.has(name) || !this.#heartbeats.has(name);
  }

  #set(name: string, silent: boolean): boolean {
    const was = this.#silent.has(name);
    if (silent) this.#silent.add(name);
    else this.#silent.delete(name);
    return was !== silent;
  }
}
