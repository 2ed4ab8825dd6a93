/** Sets of small whole numbers that change in place and are searched a word at a time. */

export function bitmap(size: number): Uint32Array {
  return new Uint32Array((size + 31) >>> 5);
}

/** A bitmap of 0 to `size` - 1. */
export function fullBitmap(size: number): Uint32Array {
  const bits = bitmap(size).fill(0xffffffff);
  if ((size & 31) !== 0) bits[bits.length - 1] = (1 << (size & 31)) - 1;
  return bits;
}

export function hasBit(bits: Uint32Array, index: number): boolean {
  return (bits[index >>> 5]! & (1 << (index & 31))) !== 0;
}

export function setBit(bits: Uint32Array, index: number): void {
  bits[index >>> 5]! |= 1 << (index & 31);
}

export function clearBit(bits: Uint32Array, index: number): void {
  bits[index >>> 5]! &= ~(1 << (index & 31));
}

/** A new bitmap of what is in both. */
export function inBoth(one: Uint32Array, other: Uint32Array): Uint32Array {
  return one.map((word, index) => word & other[index]!);
}

/** The first member of both, ascending, that is accepted; -1 where none is. Members may leave `among` meanwhile. */
export function findInBoth(bits: Uint32Array, among: Uint32Array, accept: (index: number) => boolean): number {
  for (let word = 0; word < bits.length; word += 1) {
    let left = bits[word]! & among[word]!;
    while (left !== 0) {
      const index = word * 32 + 31 - Math.clz32(left & -left);
      if (accept(index)) return index;
      left &= left - 1;
    }
  }
  return -1;
}
