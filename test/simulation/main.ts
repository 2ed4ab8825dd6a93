// `make simulate SEED=… STEPS=… HISTORIES=…`: histories from one seed on, each on a cluster of its own; a breach
// is told as a story, with SHRINK=1 as the shortest one. MIX names what comes together, KINDS='create,power cut' draws
// only events of these kinds; STOP=1 ends with the first breach, LOG=1 prints all that was written down.
import { createHash } from 'node:crypto';
import process from 'node:process';
import { seededRandom } from '../../src/runtime/testing/seeded-random.ts';
import { play } from './history.ts';
import { shrink } from './shrink.ts';
import { drawStory, eventKinds, mixes } from './story.ts';
import type { EventKind, MixName, StoryEvent } from './story.ts';

const seed = Number(process.env['SEED'] ?? 1);
const steps = Number(process.env['STEPS'] ?? 200);
const histories = Number(process.env['HISTORIES'] ?? 1);
/** Of each history that breaks something, the shortest story that does: it takes as long as some hundred histories. */
const shrinks = process.env['SHRINK'] === '1';
const stops = process.env['STOP'] === '1';
const mix = knownMix(process.env['MIX'] ?? 'usual');
const kinds = process.env['KINDS']?.split(',').map(knownKind) ?? mixes[mix];
const where = mix === 'alone' ? 'host' : 'cluster';

function knownKind(name: string): EventKind {
  const kind = eventKinds.find((each) => each === name);
  if (kind === undefined) {
    throw new Error(`KINDS: ${JSON.stringify(name)} is no kind of event; accepted: ${eventKinds.join(', ')}`);
  }
  return kind;
}

function knownMix(name: string): MixName {
  if (name in mixes) return name as MixName;
  throw new Error(`MIX: ${JSON.stringify(name)} is none; accepted: ${Object.keys(mixes).join(', ')}`);
}

/** Names differ from one history to another that is a little shorter: what matters is which rule is broken, and how. */
const kindOf = (breach: string) => breach
  .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}|\d+/g, '…')
  .replaceAll(/\([a-z]+\)|\bn…/g, '…');

/** One of each kind: a breach that lasts is one of every revision. */
function distinct(breaches: readonly string[]): readonly string[] {
  return [...new Map(breaches.map((breach) => [kindOf(breach), breach])).values()];
}

async function tellShortest(one: number, drawn: readonly StoryEvent[], breaches: readonly string[]): Promise<void> {
  const wanted = kindOf(breaches[0]!);
  const left = await shrink(drawn, async (events) =>
    (await play(one, events, where)).breaches.some((breach) => kindOf(breach) === wanted));
  console.log(`  the shortest story of seed ${one} with "${wanted}": ${left.length} events`);
  for (const { afterMs, kind, who, how } of left) {
    console.log(`    after ${afterMs} ms: ${kind} (${who.toFixed(3)}, ${how.toFixed(3)})`);
  }
}

let [played, broken] = [0, 0];
for (let one = seed; one < seed + histories && !(stops && broken > 0); one += 1) {
  const drawn = drawStory(seededRandom(one), steps, kinds);
  const { breaches, story, log, virtualMs } = await play(one, drawn, where);
  played += 1;
  const outcome = breaches.length === 0 ? 'no breach' : `${breaches.length} breaches`;
  // Who plays it again has the same log, to the byte.
  const digest = createHash('sha256').update(log).digest('hex').slice(0, 16);
  const minutes = Math.round(virtualMs / 60_000);
  console.log(`seed ${one}: ${steps} events, ${minutes} virtual minutes, log ${digest}, ${outcome}`);
  for (const line of [...distinct(breaches), ...story]) console.log(`  ${line}`);
  if (process.env['LOG'] !== undefined) console.log(log);
  if (breaches.length > 0) {
    broken += 1;
    if (shrinks) await tellShortest(one, drawn, breaches);
  }
}
console.log(`${played} histories of ${steps} events, ${broken} with a breach`);
process.exitCode = broken > 0 ? 1 : 0;
