import { expect, test } from 'vitest';
import { play } from './history.ts';
import { drawStory, mixes } from './story.ts';
import type { EventKind } from './story.ts';
import { seededRandom } from '../../src/runtime/testing/seeded-random.ts';

const hourMs = 3_600_000;

/** A quiet plant: what people, guests and administrators do on any day, a quarter of an hour apart. */
const ofADay: readonly EventKind[] = [
  'create', 'create', 'halt', 'start', 'restart',
  'delete', 'guest ends', 'thread drifts', 'agent restarted', 'controller restarted',
];

test('a day of a controller and three agents is the same twice, to the byte', { timeout: 300_000 }, async () => {
  const day = drawStory(seededRandom(20_261), 92, ofADay).map((event) => ({ ...event, afterMs: hourMs / 4 }));
  const [first, second] = [await play(20_261, day), await play(20_261, day)];
  expect(first.virtualMs).toBeGreaterThan(23 * hourMs);
  expect(first.breaches).toEqual([]);
  // Not compared by a matcher: what differs would be megabytes.
  expect(second.log === first.log).toBe(true);
  expect(first.log.split('\n').length).toBeGreaterThan(500);
});

test('another seed is another history', { timeout: 300_000 }, async () => {
  const story = drawStory(seededRandom(1), 5, mixes.usual);
  const [one, other] = [await play(1, story), await play(2, story)];
  expect(one.log === other.log).toBe(false);
});
