/** Steps from state to state, for looking backward. */
import { doubled } from './seen.ts';

export class Edges {
  #from = new Int32Array(1 << 16);
  #to = new Int32Array(1 << 16);
  #count = 0;

  add(from: number, to: number): void {
    if (from === to) return;
    if (this.#count === this.#from.length) [this.#from, this.#to] = [doubled(this.#from), doubled(this.#to)];
    this.#from[this.#count] = from;
    this.#to[this.#count] = to;
    this.#count += 1;
  }

  firstThatNeverReaches(good: readonly number[], states: number): number | undefined {
    const offsets = new Int32Array(states + 1);
    for (let edge = 0; edge < this.#count; edge += 1) offsets[this.#to[edge]! + 1]! += 1;
    for (let state = 0; state < states; state += 1) offsets[state + 1]! += offsets[state]!;
    const sources = new Int32Array(this.#count);
    const filled = offsets.slice(0, states);
    for (let edge = 0; edge < this.#count; edge += 1) {
      const to = this.#to[edge]!;
      sources[filled[to]!] = this.#from[edge]!;
      filled[to]! += 1;
    }
    const reaches = new Uint8Array(states);
    const open = [...good];
    for (const id of good) reaches[id] = 1;
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      for (let at = offsets[id]!; at < offsets[id + 1]!; at += 1) {
        const source = sources[at]!;
        if (reaches[source] === 1) continue;
        reaches[source] = 1;
        open.push(source);
      }
    }
    const dead = reaches.indexOf(0);
    return dead < 0 ? undefined : dead;
  }
}
