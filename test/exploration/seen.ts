/**
 * States that were seen, by 64 bits of a hash of each, and how each was first reached. Of ten million states two
 * have the same hash
 * with a chance of one to 370,000: then one of them would not be looked at.
 */
export class Seen {
  #slots = new Int32Array(1 << 16).fill(-1);
  #high = new Int32Array(1 << 15);
  #low = new Int32Array(1 << 15);
  #parent = new Int32Array(1 << 15);
  #event = new Uint16Array(1 << 15);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** @returns the state's number, a new one where it was not known. */
  add(text: string, parent: number, event: number): number {
    const [high, low] = hash(text);
    let slot = this.#slotOf(high, low);
    const known = this.#slots[slot]!;
    if (known >= 0) return known;
    if (this.#size * 2 >= this.#slots.length) {
      this.#grow();
      slot = this.#slotOf(high, low);
    }
    const id = this.#size;
    this.#slots[slot] = id;
    this.#high[id] = high;
    this.#low[id] = low;
    this.#parent[id] = parent;
    this.#event[id] = event;
    this.#size += 1;
    return id;
  }

  /** Numbers of the events that lead to a state. */
  path(id: number): readonly number[] {
    const events: number[] = [];
    for (let at = id; this.#parent[at]! >= 0; at = this.#parent[at]!) events.push(this.#event[at]!);
    return events.reverse();
  }

  #slotOf(high: number, low: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = low & mask; ; slot = (slot + 1) & mask) {
      const id = this.#slots[slot]!;
      if (id < 0 || (this.#high[id] === high && this.#low[id] === low)) return slot;
    }
  }

  #grow(): void {
    const size = this.#slots.length;
    [this.#high, this.#low, this.#parent] = [this.#high, this.#low, this.#parent]
      .map((list) => larger(list, new Int32Array(size))) as [
        Int32Array<ArrayBuffer>, Int32Array<ArrayBuffer>, Int32Array<ArrayBuffer>,
      ];
    this.#event = larger(this.#event, new Uint16Array(size));
    this.#slots = new Int32Array(size * 2).fill(-1);
    for (let id = 0; id < this.#size; id += 1) this.#slots[this.#slotOf(this.#high[id]!, this.#low[id]!)] = id;
  }
}

function larger<List extends Int32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>>(list: List, into: List): List {
  into.set(list);
  return into;
}

/** Two multiplicative hashes of 32 bits that are mixed into each other at the end, as in cyrb53. */
function hash(text: string): readonly [number, number] {
  let [one, two] = [0xdeadbeef, 0x41c6ce57];
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    one = Math.imul(one ^ code, 2654435761);
    two = Math.imul(two ^ code, 1597334677);
  }
  one = Math.imul(one ^ (one >>> 16), 2246822507) ^ Math.imul(two ^ (two >>> 13), 3266489909);
  two = Math.imul(two ^ (two >>> 16), 2246822507) ^ Math.imul(one ^ (one >>> 13), 3266489909);
  return [one | 0, two | 0];
}
