/** Chance that always falls the same, for tests that compare whole waits. Names count up. */
import type { Random } from '../random.ts';

/** @param fraction in [0, 1). */
export function fixedRandom(fraction: number): Random {
  let names = 0;
  return {
    fraction: () => fraction,
    uuid: () => {
      names += 1;
      return `00000000-0000-4000-8000-${names.toString(16).padStart(12, '0')}`;
    },
  };
}
