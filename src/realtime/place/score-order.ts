/** Hosts in the order of a whole-number score that changes all the time, kept so that nothing is ever sorted. */
import { bitmap, clearBit, findInBoth, setBit } from './bitmap.ts';

/** Hosts are their ranks by name, so that ties go by name. */
export class ScoreOrder {
  readonly #hosts: number;
  readonly #scores: Int32Array;
  /** By score: who has it, and how many they are. */
  readonly #members: Uint32Array[] = [];
  readonly #counts: number[] = [];

  constructor(hosts: number) {
    this.#hosts = hosts;
    this.#scores = new Int32Array(hosts).fill(-1);
  }

  /** @param score negative ones count as 0. */
  set(rank: number, score: number): void {
    const now = Math.max(0, score);
    const before = this.#scores[rank]!;
    if (before === now) return;
    if (before >= 0) {
      clearBit(this.#members[before]!, rank);
      this.#counts[before]! -= 1;
    }
    while (this.#counts.length <= now) {
      this.#counts.push(0);
      this.#members.push(new Uint32Array(0));
    }
    if (this.#members[now]!.length === 0) this.#members[now] = bitmap(this.#hosts);
    setBit(this.#members[now]!, rank);
    this.#counts[now]! += 1;
    this.#scores[rank] = now;
  }

  /**
   * The first of `among` that is accepted, of those with at least `minimum`: highest score first for `Spread`, lowest
   * first for `Pack`, ties by rank. -1 where none is.
   */
  find(among: Uint32Array, { packing, minimum, accept }: { readonly packing: 'Spread' | 'Pack'; readonly minimum: number; readonly accept: (rank: number) => boolean }): number {
    const scores = this.#counts.length - minimum;
    for (let step = 0; step < scores; step += 1) {
      const score = packing === 'Spread' ? this.#counts.length - 1 - step : minimum + step;
      if (this.#counts[score] === 0) continue;
      const found = findInBoth(this.#members[score]!, among, accept);
      if (found >= 0) return found;
    }
    return -1;
  }
}
