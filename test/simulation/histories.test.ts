import { expect, test } from 'vitest';
import { seededRandom } from '../../src/runtime/testing/seeded-random.ts';
import { play } from './history.ts';
import { drawStory, usualKinds } from './story.ts';

/** More of them by `make simulate`; a seed that fails there or here is played again by its number. */
const seeds = Array.from({ length: 12 }, (_, index) => index + 1);

test.each(seeds)('people and accidents break nothing (seed %i)', { timeout: 300_000 }, async (seed) => {
  const { breaches, story } = await play(seed, drawStory(seededRandom(seed), 60, usualKinds));
  expect({ breaches, story }).toEqual({ breaches: [], story: [] });
});
