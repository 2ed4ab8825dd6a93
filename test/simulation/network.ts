/**
 * What is between processes and what they call: slow, now and then lossy, and cut where the story says so. All chance
 * is the seed's.
 */
import type { Random } from '../../src/runtime/random.ts';
import type { VirtualClock } from '../../src/runtime/testing/virtual-clock.ts';
import { StoreError } from '../../src/store/errors.ts';
import type { Way } from '../../src/store/testing/memory-store.ts';
import type { HostLink } from '../hollow/memory-hypervisor.ts';
import type { SimulatedProcess } from './process.ts';

/** One way of a call, at most: short beside what programs wait for, and seldom the same twice. */
const apiMs = 40;
const libvirtMs = 100;
/** A client gives a request up that gets no answer. */
const noAnswerMs = 30_000;
/** A request that was given up may lie in a queue still, or be sent again by what is on its way. */
const longestStrayMs = 60_000;

export class Network {
  readonly #clock: VirtualClock;
  readonly #random: Random;
  readonly #cut = new Set<string>();
  /** Of all requests, and of all answers: the part that is lost. */
  lossRate = 0;
  /** Of all requests: the part that arrives once more, or where it was lost, when its sender has given it up. */
  strayRate = 0;

  constructor(clock: VirtualClock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Nothing passes between this process and the API server until {@link mend}. */
  cut(name: string): void {
    this.#cut.add(name);
  }

  mend(name: string): void {
    this.#cut.delete(name);
  }

  mendAll(): void {
    this.#cut.clear();
    this.lossRate = 0;
    this.strayRate = 0;
  }

  isCut(name: string): boolean {
    return this.#cut.has(name);
  }

  wayOf(name: string, process: SimulatedProcess): Way {
    return {
      there: async (copyArrives) => {
        await this.#pause(apiMs);
        const isLost = this.#isLost(name);
        if (this.strayRate > 0 && this.#random.fraction() < this.strayRate) {
          this.#clock.after(Math.ceil(longestStrayMs * this.#random.fraction()), copyArrives);
        }
        if (!isLost) return;
        await this.#pause(noAnswerMs);
        await process.arrival();
        throw new StoreError('UNAVAILABLE', 'the API server gave no answer');
      },
      back: async (what) => {
        await this.#pause(apiMs);
        if (what === 'event') {
          // A watch that was cut is opened again after a pause that grows to this.
          while (this.isCut(name)) await this.#pause(noAnswerMs);
        } else if (this.#isLost(name)) {
          await this.#pause(noAnswerMs);
          await process.arrival();
          throw new StoreError('UNAVAILABLE', 'the API server gave no answer');
        }
        await process.arrival();
      },
    };
  }

  linkOf(process: SimulatedProcess): HostLink {
    return {
      there: () => this.#pause(libvirtMs),
      back: async () => {
        await this.#pause(libvirtMs);
        await process.arrival();
      },
      enter: (action) => process.enter(action),
    };
  }

  #isLost(name: string): boolean {
    return this.isCut(name) || (this.lossRate > 0 && this.#random.fraction() < this.lossRate);
  }

  #pause(mostMs: number): Promise<void> {
    return this.#wait(Math.ceil(mostMs * this.#random.fraction()));
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.after(ms, resolve));
  }
}
