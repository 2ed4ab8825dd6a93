import { afterAll, expect, test } from 'vitest';
import { batches, playBatch, steps } from './batches.ts';

/** More of them by `make simulate`; a seed that fails there or here is played again by its number. */
let [histories, virtualMinutes] = [0, 0];
/** By mix and seed. */
const digests = new Map<string, string>();

test.concurrent.each(batches)('$mix, from seed $first on', async (batch) => {
  const played = await playBatch(batch);
  histories += played.digests.size;
  virtualMinutes += played.virtualMinutes;
  for (const [seed, digest] of played.digests) digests.set(`${batch.mix} ${seed}`, digest);
  expect(played.isBroken ? played.output : '').toBe('');
  expect(played.digests.size).toBe(batch.histories);
});

test.each(batches.filter(({ first }) => first === 1))('$mix: the same seed is the same history, to the byte', async (batch) => {
  const again = await playBatch({ ...batch, histories: 1 });
  expect(digests.get(`${batch.mix} 1`)).toMatch(/^\w{16}$/);
  expect(again.digests.get(1)).toBe(digests.get(`${batch.mix} 1`));
});

afterAll(() => {
  console.log(
    `simulation: ${histories} histories of ${steps} events, ${histories * steps} events in `
    + `${Math.round(virtualMinutes / 60)} virtual hours`,
  );
});
