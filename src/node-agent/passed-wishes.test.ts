import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AllocatedGuest } from '../crds/realtime-allocation.ts';
import { machineRuntime } from '../runtime/runtime.ts';
import { recordedLog } from '../runtime/testing/recorded-log.ts';
import type { RecordedLog } from '../runtime/testing/recorded-log.ts';
import type { Stored } from '../store/resource.ts';
import { filesOnDisk } from './files-on-disk.ts';
import { thisHost } from './host/host-root.ts';
import { PassedWishes } from './passed-wishes.ts';

/** As the agent keeps them on a real host. */
const notesIn = (stateDirectory: string) => filesOnDisk({
  root: thisHost, stateDirectory, imageRoot: join(stateDirectory, 'images'), allowedUrls: [], runtime: machineRuntime,
})(() => new Set());

let directory: string;
let log: RecordedLog;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rtvm-wishes-'));
  log = recordedLog();
});
afterEach(() => rm(directory, { recursive: true }));

const wishes = () => new PassedWishes(notesIn(directory), log);
const entry = (request: string | undefined) => ({ request }) as AllocatedGuest;
const table = (resourceVersion: string, ...requests: readonly (string | undefined)[]) => ({ metadata: { resourceVersion }, spec: { guests: requests.map(entry) } }) as unknown as Stored<'RealtimeAllocation'>;

/** Which of the wishes have passed after these versions of the table, each read by another agent where `restarts`. */
async function passedAfter(tables: readonly Stored<'RealtimeAllocation'>[], restarts: boolean): Promise<readonly string[]> {
  let memory = wishes();
  for (const version of tables) {
    if (restarts) memory = wishes();
    await memory.take(version);
  }
  return ['a', 'b', 'c'].filter((request) => memory.has(entry(request)));
}

describe('PassedWishes', () => {
  it.each<[string, readonly Stored<'RealtimeAllocation'>[], readonly string[]]>([
    ['a first table', [table('5', 'a', 'b')], []],
    ['the same, with another status', [table('5', 'a', 'b'), table('6', 'a', 'b')], []],
    ['a wish that another has taken the place of', [table('5', 'a'), table('6', 'b')], ['a']],
    ['one that is back', [table('5', 'a'), table('6', 'b'), table('7', 'a')], ['a', 'b']],
    ['one that was never seen, in a table that has gone back', [table('5', 'a'), table('3', 'c')], ['a', 'c']],
    ['a table that has gone back to a version with the same wishes', [table('5', 'a'), table('9', 'a'), table('6', 'a')], []],
    ['what is asked for after that', [table('5', 'a'), table('3', 'c'), table('4', 'b')], ['a', 'c']],
    ['versions that are no numbers', [table('y', 'a'), table('x', 'b')], ['a']],
    ['wishes without a name', [table('5', undefined), table('4', undefined)], []],
  ])('knows of %s which have passed, over restarts of the agent too', async (_, tables, expected) => {
    expect(await passedAfter(tables, false)).toEqual(expected);
    await rm(join(directory, 'wishes.json'));
    expect(await passedAfter(tables, true)).toEqual(expected);
    expect(log.entries).toEqual([]);
  });

  it('keeps the latest two thousand', async () => {
    const memory = wishes();
    for (const [version, first] of [[1, 0], [2, 1500], [3, 3000]] as const) await memory.take(table(String(version), ...Array.from({ length: 1500 }, (_, i) => `w${first + i}`)));
    expect(['w999', 'w1000', 'w2999', 'w3000'].filter((request) => memory.has(entry(request)))).toEqual(['w1000', 'w2999']);
  });

  it('says so where its file cannot be read, and goes on as a new node does', async () => {
    await writeFile(join(directory, 'wishes.json'), '{');
    expect(await passedAfter([table('5', 'a'), table('6', 'b')], false)).toEqual(['a']);
    expect(log.entries).toEqual([{
      level: 'warn',
      message: 'past requests cannot be read',
      fields: {
        file: 'wishes.json', error: expect.any(SyntaxError) as unknown,
        detail: 'if the cluster was restored from a backup, guests may be started that run on another node',
      },
    }]);
    expect(JSON.parse(await readFile(join(directory, 'wishes.json'), 'utf8'))).toEqual({ version: '6', present: ['b'], passed: ['a'] });
  });

  it('goes on from memory where its file cannot be written', async () => {
    await writeFile(join(directory, 'no-directory'), '');
    const memory = new PassedWishes(notesIn(join(directory, 'no-directory')), log);
    await memory.take(table('5', 'a'));
    await memory.take(table('6', 'b'));
    expect([memory.has(entry('a')), memory.has(entry('b'))]).toEqual([true, false]);
    expect(log.entries).toContainEqual({
      level: 'warn',
      message: 'past requests cannot be written',
      fields: {
        file: 'wishes.json', error: expect.objectContaining({ code: 'EEXIST' }) as unknown,
        detail: 'if the cluster is restored from a backup and the agent restarts, guests may be started that run on another node',
      },
    });
  });
});
