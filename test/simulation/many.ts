// Many histories of all mixes, as many at a time as there are CPUs: EVENTS in all, from SEED on. Tells how far it is, and
// each breach with what plays its history again.
import { availableParallelism } from 'node:os';
import process from 'node:process';
import { playBatch, shares, steps } from './batches.ts';
import type { Batch } from './batches.ts';

const events = Number(process.env['EVENTS'] ?? 1_000_000);
const seed = Number(process.env['SEED'] ?? 1);
const wanted = Math.ceil(events / steps);
const batchSize = 10;
/** Lines that tell how far it is. */
const tellings = 50;

/** The mixes take turns, each as often as its share says. */
const turns = shares.flatMap(({ mix, histories }) => Array.from({ length: histories / batchSize }, () => mix));
const batches = Array.from({ length: Math.ceil(wanted / batchSize) }, (_, index): Batch => ({
  mix: turns[index % turns.length]!, first: seed + index * batchSize, histories: batchSize,
}));

let [played, broken, virtualMinutes] = [0, 0, 0];

function tell(): void {
  console.log(
    `simulation: ${played} of ${wanted} histories, ${played * steps} events, ${Math.round(virtualMinutes / 60)} virtual hours, `
    + `${broken} batches with a breach`,
  );
}

async function work(): Promise<void> {
  for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
    const { isBroken, output, digests, virtualMinutes: minutes } = await playBatch(batch);
    const before = Math.floor((played * tellings) / wanted);
    played += digests.size;
    virtualMinutes += minutes;
    if (isBroken) {
      broken += 1;
      console.log(`MIX=${batch.mix} SEED=… make simulate:\n${output}`);
    }
    if (Math.floor((played * tellings) / wanted) > before) tell();
  }
}

await Promise.all(Array.from({ length: availableParallelism() }, work));
process.exitCode = broken > 0 ? 1 : 0;
