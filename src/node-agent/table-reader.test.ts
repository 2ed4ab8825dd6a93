import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { machineRandom } from '../runtime/random.ts';
import { machineRuntime } from '../runtime/runtime.ts';
import { recordedLog } from '../runtime/testing/recorded-log.ts';
import type { RecordedLog } from '../runtime/testing/recorded-log.ts';
import type { Stored } from '../store/resource.ts';
import { filesOnDisk } from './files-on-disk.ts';
import { thisHost } from './host/host-root.ts';
import { TableReader } from './table-reader.ts';

/** As the agent keeps them on a real host. */
const notesIn = (stateDirectory: string) => filesOnDisk({
  root: thisHost, stateDirectory, imageRoot: join(stateDirectory, 'images'), allowedUrls: [], runtime: machineRuntime,
})(() => new Set());

let directory: string;
let log: RecordedLog;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rtvm-table-'));
  log = recordedLog();
});
afterEach(() => rm(directory, { recursive: true }));

/** As a process of the agent has it. */
const reader = (at = directory) => new TableReader({ files: notesIn(at), random: machineRandom, log });

interface Version {
  readonly uid?: string;
  readonly count?: number;
  readonly term?: string;
  readonly restore?: string;
  readonly session?: string;
}

type Table = Stored<'RealtimeAllocation'>;

const table = ({ uid = 't', count = 5, term = 'c/1', ...spec }: Version = {}) => (
  { metadata: { uid, generation: count }, spec: { term, ...spec, guests: [] } } as unknown as Table
);
const gone = undefined;

/** One that has read these. */
async function thatHasRead(...tables: readonly (Table | undefined)[]): Promise<TableReader> {
  const one = reader();
  for (const version of tables) await one.take(version);
  return one;
}

const note = async () => JSON.parse(await readFile(join(directory, 'table.json'), 'utf8')) as unknown;

describe('the session', () => {
  it('is another one in each process, whatever it reads', async () => {
    const [one, other] = [await thatHasRead(table()), await thatHasRead(table())];
    expect(one.session).toMatch(/^.{1,64}$/);
    expect(other.session).not.toBe(one.session);
  });

  it.each<[string, readonly Table[]]>([
    ['the table is read for the first time', [table()]],
    ['it is the same', [table(), table()]],
    ['it goes on', [table(), table({ count: 6 }), table({ count: 9, term: 'd/1' })]],
    ['it is sealed anew', [table(), table({ count: 6, term: 'c/2' })]],
    ['it is one that was sealed for a restore before this host had read any', [table({ restore: 'r' })]],
  ])('stays where %s', async (_, versions) => {
    const one = reader();
    const { session } = one;
    for (const version of versions) await one.take(version);
    expect([one.session, one.wentBack]).toEqual([session, undefined]);
  });

  it.each<[string, Table | undefined, TableReader['wentBack']]>([
    ['the table is gone', gone, undefined],
    ['a controller of the version before has written it', table({ count: 6, term: 'c' }), undefined],
    ['it is another one', table({ uid: 'u', count: 6 }), undefined],
    ['it is another one, whose count is lower', table({ uid: 'u', count: 1 }), undefined],
    ['it is older', table({ count: 4 }), 'Yes'],
    ['it has another seal at the same count', table({ term: 'd/1' }), 'Yes'],
    ['it is sealed for a restore', table({ count: 6, term: 'd/1', restore: 'r' }), undefined],
    ['it is older, and sealed for a restore', table({ count: 2, term: 'd/1', restore: 'r' }), 'BeforeRestore'],
  ])('is a new one where %s', async (_, version, wentBack) => {
    const one = await thatHasRead(table());
    const { session } = one;
    await one.take(version);
    expect(one.session).not.toBe(session);
    expect(one.wentBack).toBe(wentBack);
    // The next process finds what this one has noted.
    const next = reader();
    await next.take(version);
    expect(next.wentBack).toBe(wentBack);
  });

  it('is a new one where the table is back that was gone', async () => {
    const one = await thatHasRead(table(), gone);
    const { session } = one;
    await one.take(table({ uid: 'u' }));
    expect(one.session).not.toBe(session);
  });

  it('stays where only the status of a table without a seal is another', async () => {
    const one = await thatHasRead(table({ term: 'c' }));
    const { session } = one;
    await one.take({ ...table({ term: 'c' }), status: { guests: [] } });
    expect(one.session).toBe(session);
  });
});

describe('that the table went back', () => {
  it('is on disk once it was read, before anything is done by it', async () => {
    await thatHasRead(table({ count: 7 }), table({ count: 4 }));
    expect(await note()).toEqual({ tableUid: 't', count: 7, seal: 'c/1', wentBack: {} });
  });

  it('is found by a process that has read nothing of it before', async () => {
    await thatHasRead(table({ count: 7 }));
    expect((await thatHasRead(table({ count: 4 }))).wentBack).toBe('Yes');
  });

  it('is stated until the session is open, over restarts too', async () => {
    await thatHasRead(table({ count: 7 }), table({ count: 4 }));
    const next = await thatHasRead(table({ count: 8, term: 'd/1' }));
    expect(next.wentBack).toBe('Yes');
    await next.take(table({ count: 9, term: 'd/1', session: 'of another' }));
    expect(next.wentBack).toBe('Yes');
    const { session } = next;
    await next.take(table({ count: 10, term: 'd/1', session }));
    expect([next.wentBack, next.session]).toEqual([undefined, session]);
    expect(await note()).toEqual({ tableUid: 't', count: 10, seal: 'd/1' });
    expect((await thatHasRead(table({ count: 10, term: 'd/1', session }))).wentBack).toBeUndefined();
  });

  it('is not over by a session that an old table names', async () => {
    const one = await thatHasRead(table({ count: 3 }));
    const old = table({ count: 4, session: one.session });
    for (const version of [old, table({ count: 7 }), old]) await one.take(version);
    expect(one.wentBack).toBe('Yes');
    expect(one.session).not.toBe(old.spec.session);
  });

  it('takes a new session at each older version, and none for another status of it', async () => {
    const one = await thatHasRead(table({ count: 7 }), table({ count: 4 }));
    const { session } = one;
    await one.take({ ...table({ count: 4 }), status: { guests: [], session, number: 1 } });
    expect(one.session).toBe(session);
    await one.take(table({ count: 5 }));
    expect(one.session).not.toBe(session);
    expect(await note()).toEqual({ tableUid: 't', count: 7, seal: 'c/1', wentBack: {} });
  });

  it('was before the restore that it is sealed for since, and is stated as that', async () => {
    const one = await thatHasRead(table({ count: 7 }), table({ count: 4 }));
    const { session } = one;
    await one.take(table({ count: 5, term: 'd/2', restore: 'r' }));
    expect([one.wentBack, one.session === session]).toEqual(['BeforeRestore', false]);
    expect(await note()).toEqual({ tableUid: 't', count: 5, seal: 'd/2', restore: 'r', wentBack: {} });
  });
});

describe('a restore', () => {
  it('that the note does not name is where counting begins anew', async () => {
    const sealed = table({ count: 3, term: 'd/2', restore: 'r' });
    const one = await thatHasRead(table({ count: 7 }), sealed);
    const { session } = one;
    await one.take(table({ count: 4, term: 'd/2', restore: 'r' }));
    expect(one.session).toBe(session);
    await one.take(table({ count: 5, term: 'd/2', restore: 'r', session }));
    expect([one.session, one.wentBack]).toEqual([session, undefined]);
  });

  it('that the note names is looked at as any other version: what is older has gone back in it', async () => {
    const one = await thatHasRead(table({ count: 7, restore: 'r' }), table({ count: 6, restore: 'r' }));
    expect(one.wentBack).toBe('Yes');
    expect(await note()).toEqual({ tableUid: 't', count: 7, seal: 'c/1', restore: 'r', wentBack: { under: 'r' } });
    await one.take(table({ count: 8, term: 'd/1', restore: 's' }));
    expect(one.wentBack).toBe('BeforeRestore');
  });
});

describe('a note', () => {
  const file = 'table.json';

  it('that cannot be read is said to be so, and counts as none', async () => {
    await writeFile(join(directory, file), '{');
    const one = await thatHasRead(table({ count: 5 }), table({ count: 6 }));
    expect(one.wentBack).toBeUndefined();
    expect(log.entries).toEqual([{
      level: 'warn', message: 'note of the last allocation cannot be read',
      fields: {
        file, error: expect.any(SyntaxError) as unknown,
        detail: 'that the cluster was restored from a backup is not noticed from here',
      },
    }]);
    expect(await note()).toEqual({ tableUid: 't', count: 6, seal: 'c/1' });
  });

  it('that cannot be written is said to be so, and goes on in memory', async () => {
    await writeFile(join(directory, 'no-directory'), '');
    const one = reader(join(directory, 'no-directory'));
    for (const version of [table({ count: 5 }), table({ count: 4 })]) await one.take(version);
    expect(one.wentBack).toBe('Yes');
    expect(log.entries).toContainEqual({
      level: 'warn', message: 'note of the last allocation cannot be written',
      fields: {
        file, error: expect.objectContaining({ code: 'EEXIST' }) as unknown,
        detail: 'if the cluster is restored from a backup and the agent restarts, that is not noticed from here',
      },
    });
  });
});
