/**
 * A clock that stands until it is moved, for histories of hours in seconds. Whatever is due happens in one order, which depends on
 * nothing but what was asked of the clock: the same program on it does the same twice.
 */
import { sleepBy } from '../clock.ts';
import type { Clock, Timer } from '../clock.ts';

interface Due {
  readonly atMs: number;
  readonly order: number;
  readonly action: () => void;
}

export class VirtualClock implements Clock {
  readonly #beganMs: number;
  #nowMs = 0;
  /** How far the wall clock is from what has passed since the beginning. */
  #wallErrorMs = 0;
  #asked = 0;
  /** A binary heap, the next on top. Those that were cancelled stay until they surface. */
  readonly #timers: Due[] = [];
  readonly #cancelled = new WeakSet<Due>();
  #afterThisTurn: (() => void)[] = [];

  /** @param began what the wall clock says at first. */
  constructor(began: Date) {
    this.#beganMs = began.getTime();
  }

  readonly nowMs = (): number => this.#nowMs;

  readonly date = (): Date => new Date(this.#beganMs + this.#nowMs + this.#wallErrorMs);

  readonly after = (ms: number, action: () => void): Timer => {
    // As Node has it: one millisecond at least.
    const due = { atMs: this.#nowMs + Math.max(1, ms), order: this.#asked, action };
    this.#asked += 1;
    this.#push(due);
    return { cancel: () => void this.#cancelled.add(due) };
  };

  readonly afterThisTurn = (action: () => void): void => void this.#afterThisTurn.push(action);

  readonly sleep = (ms: number, signal: AbortSignal | undefined): Promise<void> => sleepBy(this.after, ms, signal);

  /** Puts the wall clock forward or back, as a person or NTP does: no time passes. */
  stepWall(ms: number): void {
    this.#wallErrorMs += ms;
  }

  /** Lets so much time pass, and everything happen that is due in it. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    let [atMs, actions] = [this.#nowMs, 0];
    for (;;) {
      await promisesAreThrough();
      [atMs, actions] = atMs === this.#nowMs ? [atMs, actions + 1] : [this.#nowMs, 0];
      if (actions > mostAtOnce) throw new Error(`at ${atMs} ms something goes round and round, and no time passes`);
      const turn = this.#afterThisTurn;
      this.#afterThisTurn = [];
      for (const action of turn) action();
      if (turn.length > 0) continue;
      const due = this.#next(untilMs);
      if (due === undefined) break;
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.action();
    }
    this.#nowMs = untilMs;
  }

  #next(untilMs: number): Due | undefined {
    for (let top = this.#timers[0]; top !== undefined && top.atMs <= untilMs; top = this.#timers[0]) {
      this.#pop();
      if (!this.#cancelled.has(top)) return top;
    }
    return undefined;
  }

  #push(due: Due): void {
    const heap = this.#timers;
    let index = heap.push(due) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(heap[index]!, heap[parent]!)) return;
      [heap[index], heap[parent]] = [heap[parent]!, heap[index]!];
      index = parent;
    }
  }

  #pop(): void {
    const heap = this.#timers;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    heap[0] = last;
    for (let index = 0; ;) {
      let first = index;
      for (const child of [2 * index + 1, 2 * index + 2]) {
        if (child < heap.length && isBefore(heap[child]!, heap[first]!)) first = child;
      }
      if (first === index) return;
      [heap[index], heap[first]] = [heap[first]!, heap[index]!];
      index = first;
    }
  }
}

/** Far more than a cluster does in a moment; a program that asks for the next thing at once, each time, never ends. */
const mostAtOnce = 100_000;

function isBefore(one: Due, other: Due): boolean {
  return one.atMs === other.atMs ? one.order < other.order : one.atMs < other.atMs;
}

/** Nothing on this clock waits for the machine, so all promises that can be kept are, before the machine's next turn. */
function promisesAreThrough(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
