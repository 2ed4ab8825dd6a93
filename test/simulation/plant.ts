/**
 * Puts one of the planted bugs into the product's modules as Node loads them: `PLANTED=name node --import
 * ./test/simulation/plant.ts test/simulation/main.ts`. An edit that has no place any more ends the process.
 */
import { Buffer } from 'node:buffer';
import { registerHooks } from 'node:module';
import process from 'node:process';
import { planted } from './planted.ts';
import type { Edit, PlantedName } from './planted.ts';

const source = new URL('../../src/', import.meta.url).href;

function editsOf(name: string): readonly Edit[] {
  if (!(name in planted)) {
    throw new RangeError(`PLANTED: ${JSON.stringify(name)} is no bug; accepted: ${Object.keys(planted).join(', ')}`);
  }
  return planted[name as PlantedName].edits;
}

function edited(text: string, { file, find, put }: Edit): string {
  const found = text.split(find).length - 1;
  if (found !== 1) throw new Error(`src/${file} has ${JSON.stringify(find)} ${found} times, and not once`);
  return text.replace(find, () => put);
}

const edits = editsOf(process.env['PLANTED'] ?? '');
const waiting = new Set(edits.map(({ file }) => file));

registerHooks({
  load: (url, context, next) => {
    const loaded = next(url, context);
    const here = edits.filter(({ file }) => url === source + file);
    if (here.length === 0) return loaded;
    for (const { file } of here) waiting.delete(file);
    const { source: text } = loaded;
    if (text === undefined) throw new Error(`${url} has no source`);
    return { ...loaded, source: here.reduce(edited, Buffer.from(text as Uint8Array).toString()) };
  },
});

process.on('exit', () => {
  if (waiting.size === 0) return;
  console.error(`no history has loaded src/${[...waiting].join(', src/')}`);
  process.exitCode = 2;
});
