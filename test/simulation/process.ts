/**
 * One process of the simulation: whatever reaches it, a timer, an answer or an event, comes through a gate. A frozen
 * process takes nothing until it thaws, and then all of it at once; a killed one takes nothing any more. What it had
 * sent is under way all the same.
 */
import type { Clock } from '../../src/runtime/clock.ts';
import { sleepBy } from '../../src/runtime/clock.ts';
import type { Random } from '../../src/runtime/random.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import type { VirtualClock } from '../../src/runtime/testing/virtual-clock.ts';

export class SimulatedProcess implements Runtime {
  readonly random: Random;
  readonly clock: Clock;
  #state: 'runs' | 'frozen' | 'dead' = 'runs';
  #held: (() => void)[] = [];

  /** @param random its own: what one process draws must not change what another does. */
  constructor(world: VirtualClock, random: Random) {
    this.random = random;
    const after: Clock['after'] = (ms, action) => world.after(ms, () => this.enter(action));
    this.clock = {
      nowMs: world.nowMs,
      date: world.date,
      after,
      afterThisTurn: (action) => world.afterThisTurn(() => this.enter(action)),
      sleep: (ms, signal) => sleepBy(after, ms, signal),
    };
  }

  get state(): 'runs' | 'frozen' | 'dead' {
    return this.#state;
  }

  /** Something reaches the process. */
  enter(action: () => void): void {
    if (this.#state === 'runs') action();
    else if (this.#state === 'frozen') this.#held.push(action);
  }

  /** Resolves in the process. */
  arrival(): Promise<void> {
    return new Promise((resolve) => this.enter(resolve));
  }

  freeze(): void {
    if (this.#state === 'runs') this.#state = 'frozen';
  }

  thaw(): void {
    if (this.#state !== 'frozen') return;
    this.#state = 'runs';
    const held = this.#held;
    this.#held = [];
    for (const action of held) this.enter(action);
  }

  kill(): void {
    this.#state = 'dead';
    this.#held = [];
  }
}
