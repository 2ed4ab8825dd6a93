/** Numbers that look random and are the same every time. */

/** The xorshift32 of Marsaglia's "Xorshift RNGs"; every number is a whole one of 31 bits. */
export function numbers(seed: number): () => number {
  let state = (seed * 2654435761) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state >>> 1;
  };
}
