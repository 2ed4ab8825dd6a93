import { expect, test } from 'vitest';
import { seededRandom } from '../../src/runtime/testing/seeded-random.ts';
import { play } from './history.ts';
import { drawStory, mixes } from './story.ts';
import type { EventKind } from './story.ts';

/** More of them by `make simulate`; a seed that fails there or here is played again by its number. */
const seedsFrom = (first: number, many: number) => Array.from({ length: many }, (_, index) => first + index);

async function breaksNothing(seed: number, kinds: readonly EventKind[]): Promise<void> {
  const { breaches, story } = await play(seed, drawStory(seededRandom(seed), 60, kinds));
  expect({ breaches, story }).toEqual({ breaches: [], story: [] });
}

const timeout = 300_000;

test.each(seedsFrom(1, 12))('people and accidents break nothing (seed %i)', { timeout }, async (seed) => {
  await breaksNothing(seed, mixes.usual);
});

test.each(seedsFrom(100, 8))('nor does a store that is put back (seed %i)', { timeout }, async (seed) => {
  await breaksNothing(seed, mixes.restored);
});
