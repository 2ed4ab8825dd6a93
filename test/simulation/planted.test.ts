// A check that finds nothing may be one that looks at nothing: bugs of a line or two are each found, by histories that
// break nothing without them (histories.test.ts plays the same ones).
import { expect, test } from 'vitest';
import { batches, playBatch } from './batches.ts';
import { planted } from './planted.ts';
import type { Planted, PlantedName } from './planted.ts';

test.concurrent.each(Object.keys(planted) as PlantedName[])('%s is found', async (name) => {
  const { mix, from, within, breaks }: Planted = planted[name];
  const { output, isBroken } = await playBatch({ mix, first: from, histories: within }, name);
  const found = output.split('\n').filter((line) => breaks.test(line.trim()));
  expect({ isBroken, found: found.length > 0 }, output).toEqual({ isBroken: true, found: true });
});

test('each is looked for in histories that are played without it too', () => {
  const played = new Set(batches.flatMap(({ mix, first, histories }) => (
    Array.from({ length: histories }, (_, index) => `${mix} ${first + index}`)
  )));
  const looked = Object.values(planted).flatMap(({ mix, from, within }: Planted) => (
    Array.from({ length: within }, (_, index) => `${mix} ${from + index}`)
  ));
  expect(looked.filter((seed) => !played.has(seed))).toEqual([]);
});
