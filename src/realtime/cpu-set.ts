/** An immutable set of CPUs; reads and writes the kernel's list notation (`0-3,8`). */
import type { CpuId, VcpuId } from './ids.ts';

/** One more than the highest CPU number accepted: NR_CPUS of the largest kernel that distributions ship. */
export const cpuNumberLimit = 8192;

/** Thrown where text is not a CPU list in the kernel's notation. */
export class CpuListError extends Error {
  override readonly name = 'CpuListError';
  readonly code = 'CPU_LIST';
  readonly text: string;
  constructor(text: string, why: string) {
    super(`${JSON.stringify(text)} is not a CPU list: ${why}; accepted: numbers and ranges such as "0-3,8"`);
    this.text = text;
  }
}

/**
 * A set of pCPUs (or, as {@link VcpuSet}, of vCPUs). Every operation gives a new set; iteration is ascending.
 * Sets of the same members are equal by {@link CpuSet.equals} and by their text.
 */
export class CpuSet<Id extends number = CpuId> implements Iterable<Id> {
  /** Bit n of word w is CPU 32w + n; the last word is never 0. */
  readonly #words: Uint32Array;

  private constructor(words: Uint32Array) {
    let length = words.length;
    while (length > 0 && words[length - 1] === 0) length -= 1;
    this.#words = length === words.length ? words : words.slice(0, length);
  }

  static empty<Id extends number = CpuId>(): CpuSet<Id> {
    return new CpuSet<Id>(new Uint32Array(0));
  }

  static of<Id extends number = CpuId>(...cpus: readonly number[]): CpuSet<Id> {
    return CpuSet.from<Id>(cpus);
  }

  /** @throws RangeError for a number that is not a whole CPU number below {@link cpuNumberLimit}. */
  static from<Id extends number = CpuId>(cpus: Iterable<number>): CpuSet<Id> {
    const numbers = [...cpus];
    let highest = -1;
    for (const cpu of numbers) {
      if (!Number.isInteger(cpu) || cpu < 0 || cpu >= cpuNumberLimit) throw new RangeError(`${cpu} is not a CPU number (0 to ${cpuNumberLimit - 1})`);
      if (cpu > highest) highest = cpu;
    }
    const words = new Uint32Array((highest + 32) >>> 5);
    for (const cpu of numbers) words[cpu >>> 5]! |= 1 << (cpu & 31);
    return new CpuSet<Id>(words);
  }

  /** All numbers from `first` to `last`, both included. */
  static range<Id extends number = CpuId>(first: number, last: number): CpuSet<Id> {
    return CpuSet.from<Id>(Array.from({ length: Math.max(0, last - first + 1) }, (_, offset) => first + offset));
  }

  /**
   * Reads the kernel's list notation, as in `cpulist` of sysfs; white space around it and an empty list are fine.
   * @throws CpuListError naming the item that cannot be read.
   */
  static parse<Id extends number = CpuId>(text: string): CpuSet<Id> {
    const trimmed = text.trim();
    if (trimmed === '') return CpuSet.empty<Id>();
    // Ranges are set as such: a long list of large ones costs little more than its text.
    const words = new Uint32Array(cpuNumberLimit >>> 5);
    for (const item of trimmed.split(',')) {
      const match = /^\s*(\d+)(?:\s*-\s*(\d+))?\s*$/.exec(item);
      if (match === null) throw new CpuListError(text, `item ${JSON.stringify(item)} is neither a number nor a range`);
      const first = Number(match[1]);
      const last = match[2] === undefined ? first : Number(match[2]);
      if (last < first) throw new CpuListError(text, `range ${JSON.stringify(item.trim())} runs backwards`);
      if (last >= cpuNumberLimit) throw new CpuListError(text, `${last} is above the highest CPU number, ${cpuNumberLimit - 1}`);
      setRange(words, first, last);
    }
    return new CpuSet<Id>(words);
  }

  get size(): number {
    let count = 0;
    for (const word of this.#words) count += bitCount(word);
    return count;
  }

  get isEmpty(): boolean {
    return this.#words.length === 0;
  }

  /** The lowest member, or undefined in an empty set. */
  get first(): Id | undefined {
    for (const cpu of this) return cpu;
    return undefined;
  }

  has(cpu: number): boolean {
    return ((this.#words[cpu >>> 5] ?? 0) & (1 << (cpu & 31))) !== 0;
  }

  *[Symbol.iterator](): Generator<Id, void, undefined> {
    for (let index = 0; index < this.#words.length; index += 1) {
      let word = this.#words[index]!;
      while (word !== 0) {
        const bit = 31 - Math.clz32(word & -word);
        yield (index * 32 + bit) as Id;
        word &= word - 1;
      }
    }
  }

  toArray(): Id[] {
    return [...this];
  }

  union(other: CpuSet<Id>): CpuSet<Id> {
    const [long, short] = this.#words.length >= other.#words.length ? [this, other] : [other, this];
    const words = long.#words.slice();
    short.#words.forEach((word, index) => { words[index]! |= word; });
    return new CpuSet<Id>(words);
  }

  intersection(other: CpuSet<Id>): CpuSet<Id> {
    return new CpuSet<Id>(this.#words.map((word, index) => word & (other.#words[index] ?? 0)));
  }

  minus(other: CpuSet<Id>): CpuSet<Id> {
    return new CpuSet<Id>(this.#words.map((word, index) => word & ~(other.#words[index] ?? 0)));
  }

  isSubsetOf(other: CpuSet<Id>): boolean {
    return this.#words.every((word, index) => (word & ~(other.#words[index] ?? 0)) === 0);
  }

  overlaps(other: CpuSet<Id>): boolean {
    return this.#words.some((word, index) => (word & (other.#words[index] ?? 0)) !== 0);
  }

  equals(other: CpuSet<Id>): boolean {
    return this.#words.length === other.#words.length && this.#words.every((word, index) => word === other.#words[index]);
  }

  /** The kernel's list notation, as short as it can be: `0-3,8`. Empty for an empty set. */
  toString(): string {
    const parts: string[] = [];
    let first = -1;
    let last = -2;
    const close = () => { if (first >= 0) parts.push(first === last ? String(first) : `${first}-${last}`); };
    for (const cpu of this) {
      if (cpu !== last + 1) {
        close();
        first = cpu;
      }
      last = cpu;
    }
    close();
    return parts.join(',');
  }

  /** The same text in JSON, so that a printed core value reads as the kernel would write it. */
  toJSON(): string {
    return this.toString();
  }
}

/** A set of vCPUs of one guest. */
export type VcpuSet = CpuSet<VcpuId>;

/** The union of any number of sets. */
export function unionOf<Id extends number>(sets: Iterable<CpuSet<Id>>): CpuSet<Id> {
  let all = CpuSet.empty<Id>();
  for (const set of sets) all = all.union(set);
  return all;
}

/** Sets the bits from `first` to `last`, both included. */
function setRange(words: Uint32Array, first: number, last: number): void {
  const [firstWord, lastWord] = [first >>> 5, last >>> 5];
  const fromFirst = (-1 << (first & 31)) >>> 0;
  const toLast = -1 >>> (31 - (last & 31));
  if (firstWord === lastWord) {
    words[firstWord]! |= fromFirst & toLast;
    return;
  }
  words[firstWord]! |= fromFirst;
  words.fill(-1, firstWord + 1, lastWord);
  words[lastWord]! |= toLast;
}

function bitCount(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return (((bits + (bits >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}
