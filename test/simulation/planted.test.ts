// A check that finds nothing may be one that looks at nothing: bugs of a line or two are each found, by histories that
// break nothing without them (histories.test.ts plays the same ones).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
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

test('all are in the README, with the histories that find them', () => {
  const readme = readFileSync(join(import.meta.dirname, 'README.md'), 'utf8').split('\n');
  for (const [name, { bug, mix, within }] of Object.entries(planted)) {
    const row = readme.find((line) => line.startsWith(`| \`${name}\` |`));
    expect(row).toContain(`| ${bug} |`);
    expect(row).toMatch(new RegExp(`\\| ${mix} \\| ${within} \\|$`));
  }
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
