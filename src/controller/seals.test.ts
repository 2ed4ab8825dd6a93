import { describe, expect, it } from 'vitest';
import { machineRandom } from '../runtime/random.ts';
import { Seals } from './seals.ts';

describe('the seals of a controller', () => {
  it('are never the same twice, and all of one term', () => {
    const seals = new Seals(machineRandom);
    const [first, second] = [seals.next(), seals.next()];
    expect([first, second]).toEqual([`${seals.term}/1`, `${seals.term}/2`]);
    expect([first, second].map((seal) => seals.isMine(seal))).toEqual([true, true]);
  });

  it('are not those of another controller, nor of the version before, nor none', () => {
    const [ours, theirs] = [new Seals(machineRandom), new Seals(machineRandom)];
    expect([theirs.next(), ours.term, undefined].map((seal) => ours.isMine(seal))).toEqual([false, false, false]);
  });
});
