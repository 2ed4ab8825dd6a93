import { expect, test } from 'vitest';
import { shrink } from './shrink.ts';

const letters = 'a b c d e f g h i j k l m n o p q r s t u v w x y z'.split(' ');

test.each([
  ['three that are needed together',
    (events: readonly string[]) => ['c', 'k', 'x'].every((letter) => events.includes(letter)), ['c', 'k', 'x']],
  ['one', (events: readonly string[]) => events.includes('q'), ['q']],
  ['an order',
    (events: readonly string[]) => events.indexOf('m') > events.indexOf('b') && events.includes('b'), ['b', 'm']],
  ['nothing', () => true, []],
])('%s', async (_, breaks, expected) => {
  let played = 0;
  const left = await shrink(letters, (events) => {
    played += 1;
    return Promise.resolve(breaks(events));
  });
  expect(left).toEqual(expected);
  expect(played).toBeLessThan(200);
});
