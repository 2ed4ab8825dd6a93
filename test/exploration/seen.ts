/**
 * States that were seen, by 64 bits of a hash of each. Of ten million states two have the same hash with a chance of
 * one to 370,000: then one of them would not be looked at.
 */
export class Seen {
  #slots = new Int32Array(1 << 16).fill(-1);
  #high = new Int32Array(1 << 15);
  #low = new Int32Array(1 << 15);
  /** By state: what had gone wrong and been wished for when it was visited, a bit each. */
  #spent = new Int32Array(1 << 15);
  /** By state: whether it was looked at. */
  #looked = new Uint8Array(1 << 15);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** @returns the state's number: that of {@link size} before where it was not known. */
  add(text: string): number {
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
    this.#size += 1;
    return id;
  }

  /** @returns whether less has gone wrong, or been wished for, than at each visit before: then more may come. */
  visit(id: number, spent: Spent): boolean {
    const before = this.#spent[id]!;
    if ((before & noMore(spent)) !== 0) return false;
    this.#spent[id] = before | bit(spent);
    return true;
  }

  /** Meanwhile it was visited with less. */
  isOutdone(id: number, spent: Spent): boolean {
    return (this.#spent[id]! & noMore(spent) & ~bit(spent)) !== 0;
  }

  /** @returns whether nobody has looked at it before. */
  look(id: number): boolean {
    const isFirst = this.#looked[id] === 0;
    this.#looked[id] = 1;
    return isFirst;
  }

  #slotOf(high: number, low: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = low & mask; ; slot = (slot + 1) & mask) {
      const id = this.#slots[slot]!;
      if (id < 0 || (this.#high[id] === high && this.#low[id] === low)) return slot;
    }
  }

  #grow(): void {
    [this.#high, this.#low, this.#spent] = [doubled(this.#high), doubled(this.#low), doubled(this.#spent)];
    this.#looked = doubled(this.#looked);
    this.#slots = new Int32Array(this.#size * 4).fill(-1);
    for (let id = 0; id < this.#size; id += 1) this.#slots[this.#slotOf(this.#high[id]!, this.#low[id]!)] = id;
  }
}

/** What a state does not say, and what can come depends on: each at most 3 times, and a restore once. */
export interface Spent {
  readonly faults: number;
  readonly wishes: number;
  readonly restored: boolean;
}

function bit({ faults, wishes, restored }: Spent): number {
  return 1 << (8 * faults + 2 * wishes + Number(restored));
}

const masks: number[] = [];

/** Bits of all that is no more in any way. */
function noMore({ faults, wishes, restored }: Spent): number {
  return masks[8 * faults + 2 * wishes + Number(restored)] ??= [0, 1, 2, 3].slice(0, faults + 1)
    .flatMap((fault) => [0, 1, 2, 3].slice(0, wishes + 1).flatMap((wish) => (restored ? [false, true] : [false])
      .map((was) => bit({ faults: fault, wishes: wish, restored: was }))))
    .reduce((all, one) => all | one, 0);
}

/** How states were come to. */
export class Visits {
  #parent = new Int32Array(1 << 15);
  #event = new Uint16Array(1 << 15);
  #count = 0;

  add(parent: number, event: number): number {
    if (this.#count === this.#parent.length) {
      this.#parent = doubled(this.#parent);
      this.#event = doubled(this.#event);
    }
    this.#parent[this.#count] = parent;
    this.#event[this.#count] = event;
    return this.#count++;
  }

  /** Numbers of the events that lead there. */
  path(visit: number): readonly number[] {
    const events: number[] = [];
    for (let at = visit; this.#parent[at]! >= 0; at = this.#parent[at]!) events.push(this.#event[at]!);
    return events.reverse();
  }
}

type Numbers = Int32Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;

export function doubled<List extends Numbers>(list: List): List {
  const larger = new (list.constructor as new (length: number) => List)(list.length * 2);
  larger.set(list);
  return larger;
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
