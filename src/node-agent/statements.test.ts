import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AllocatedGuest, AllocationStatus, ReportedGuest } from '../crds/realtime-allocation.ts';
import { dedicatedTwoCells, plainShared } from '../realtime/domain/fixtures/inputs.ts';
import { DirectoryStore } from '../store/directory/directory-store.ts';
import { StoreError } from '../store/errors.ts';
import { modify } from '../store/modify.ts';
import type { ResourceStore } from '../store/resource-store.ts';
import type { Stored } from '../store/resource.ts';
import { Statements } from './statements.ts';
import { entryOf } from './testing/entries.ts';

type Table = Stored<'RealtimeAllocation'>;

const seal = 'c/1';
const entry = entryOf(plainShared);
const other = entryOf(dedicatedTwoCells);
const { uid } = entry.vm;
const { signal } = new AbortController();
const key = { name: 'n1' };

let directory: string;
let store: DirectoryStore;
let statements: Statements;
let outdated: number;
/** What the agent knows beside its reports. */
let agent: {
  session: string; wentBack: AllocationStatus['wentBack']; mayState: boolean;
  starting: Set<string>; living: Map<string, string>;
};

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rtvm-statements-'));
  store = await DirectoryStore.open({ directory });
  outdated = 0;
  agent = { session: 's1', wentBack: undefined, mayState: true, starting: new Set(), living: new Map() };
  statements = statementsIn(store);
});

afterEach(async () => {
  await store.close();
  await rm(directory, { recursive: true });
});

function statementsIn(where: ResourceStore): Statements {
  return new Statements({
    store: where, nodeName: 'n1',
    reader: { get session() { return agent.session; }, get wentBack() { return agent.wentBack; } },
    mayState: () => agent.mayState,
    isStarting: (one) => agent.starting.has(one),
    livingBy: ({ vm }) => agent.living.get(vm.uid),
    outdated: () => { outdated += 1; },
  });
}

async function makeTable(guests: readonly AllocatedGuest[] = [entry], term = seal): Promise<Table> {
  return store.create({ kind: 'RealtimeAllocation', metadata: { name: 'n1' }, spec: { term, guests } });
}

const table = async () => (await store.get('RealtimeAllocation', key))!;
const status = async () => (await table()).status;
const write = () => statements.write(signal);
const asks = (change: Partial<Table['spec']>) => modify(store, 'RealtimeAllocation', key, (now) => (
  { ...now, spec: { ...now.spec, ...change } }
));
const wiped = () => modify(store, 'RealtimeAllocation', key, (now) => (
  { ...now, status: { guests: [] } }
), { write: 'updateStatus' });

const runs: ReportedGuest = { uid, grant: entry.grant.name, lives: true, phase: 'Running', reason: 'Verified' };
const failed: ReportedGuest = { uid, grant: entry.grant.name, phase: 'Failed', reason: 'StartFailed' };
const domain = { name: 'd', uuid: entry.guest.uuid, restarts: 2 };

describe('a statement', () => {
  it('names the session, the seal and its number, and says what is known', async () => {
    statements.read(await makeTable());
    statements.set(runs);
    await write();
    expect(await status()).toEqual({ guests: [runs], session: 's1', number: 1, term: seal });
    expect(statements.last).toEqual({ session: 's1', number: 1 });
  });

  it('is made of no guest too: that nothing lives is to be known', async () => {
    statements.read(await makeTable([]));
    expect(outdated).toBeGreaterThan(0);
    await write();
    expect(await status()).toEqual({ guests: [], session: 's1', number: 1, term: seal });
  });

  it('is not made before it may be', async () => {
    agent.mayState = false;
    statements.read(await makeTable());
    await write();
    expect([await status(), statements.last]).toEqual([undefined, undefined]);
    // What is known of guests is told; it answers no seal.
    statements.set(runs);
    await write();
    expect([await status(), statements.last]).toEqual([{ guests: [runs] }, undefined]);
    agent.mayState = true;
    await write();
    expect(await status()).toEqual({ guests: [runs], session: 's1', number: 1, term: seal });
  });

  it('of a process before is not taken for its own', async () => {
    const told: AllocationStatus = { guests: [runs], session: 's0', number: 7, term: seal };
    statements.read(await store.updateStatus({ ...await makeTable(), status: told }));
    expect([statements.last, statements.get(uid)]).toEqual([undefined, runs]);
    expect(outdated).toBeGreaterThan(0);
    await write();
    expect(await status()).toEqual({ ...told, session: 's1', number: 1 });
  });

  it('has a higher number each time, in each session from the first on', async () => {
    statements.read(await makeTable());
    const numbers = [];
    for (const [session, report] of [['s1', runs], ['s1', failed], ['s2', failed], ['s2', runs]] as const) {
      agent.session = session;
      statements.set(report);
      await write();
      numbers.push([(await status())?.session, (await status())?.number]);
      expect(statements.last).toEqual({ session, number: (await status())?.number });
    }
    expect(numbers).toEqual([['s1', 1], ['s1', 2], ['s2', 1], ['s2', 2]]);
  });

  it('that has no answer keeps its number: the next has a higher one', async () => {
    let isAnswered = false;
    const unanswered: ResourceStore = Object.create(store, {
      updateStatus: {
        value: async (object: Table) => {
          const written = await store.updateStatus(object);
          if (!isAnswered) throw new StoreError('UNAVAILABLE', 'no answer');
          return written;
        },
      },
      get: { value: () => store.get('RealtimeAllocation', key) },
    }) as ResourceStore;
    statements = statementsIn(unanswered);
    statements.read(await makeTable());
    await expect(write()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect([(await status())?.number, statements.last]).toEqual([1, undefined]);
    isAnswered = true;
    await write();
    const { number = 0 } = (await status())!;
    expect(number).toBeGreaterThan(1);
    expect(statements.last).toEqual({ session: 's1', number });
  });

  it('is no more the last one once there is another session', async () => {
    statements.read(await makeTable());
    await write();
    agent.session = 's2';
    expect(statements.last).toBeUndefined();
  });

  it('says that the table went back, as long as it did', async () => {
    statements.read(await makeTable());
    agent.wentBack = 'Yes';
    await write();
    expect((await status())?.wentBack).toBe('Yes');
    agent.wentBack = undefined;
    statements.read(await table());
    await write();
    expect(await status()).toEqual({ guests: [], session: 's1', number: 2, term: seal });
  });

  it('says what lives by a grant that no entry has, as long as it does', async () => {
    statements.read(await makeTable([]));
    await write();
    const { vm, guest, guest: { uuid } } = other;
    const unlisted = [{ grant: 'g', domain: 'd', uuid, vm, generation: 1, salt: 's', guest }];
    outdated = 0;
    statements.setUnlisted(unlisted);
    expect(outdated).toBe(1);
    await write();
    expect(await status()).toEqual({ guests: [], session: 's1', number: 2, term: seal, unlisted });
    statements.setUnlisted(unlisted);
    expect(outdated).toBe(1);
    statements.setUnlisted([]);
    await write();
    expect(await status()).toEqual({ guests: [], session: 's1', number: 3, term: seal });
  });

  it('is written once, and again where it was wiped', async () => {
    statements.read(await makeTable());
    statements.set(runs);
    await write();
    const { metadata: { resourceVersion } } = await table();
    outdated = 0;
    statements.set({ ...runs });
    statements.read(await table());
    await write();
    expect([outdated, (await table()).metadata.resourceVersion]).toEqual([0, resourceVersion]);
    statements.read(await wiped());
    expect(outdated).toBe(1);
    await write();
    expect(await status()).toMatchObject({ guests: [runs], session: 's1', term: seal });
  });

  it('is made anew of a table that is sealed anew', async () => {
    statements.read(await makeTable());
    await write();
    statements.read(await asks({ term: 'd/1' }));
    await write();
    expect(await status()).toEqual({ guests: [], session: 's1', number: 2, term: 'd/1' });
  });
});

describe('what lives, in a statement', () => {
  const starting = { uid, grant: entry.grant.name, lives: true, phase: 'Starting', reason: 'Starting' };

  it('is what is being started, of which nothing else is known', async () => {
    agent.starting.add(uid);
    statements.read(await makeTable());
    await write();
    expect((await status())?.guests).toMatchObject([starting]);
  });

  it('is what is being started again, whatever was said of its last start; its domain stays known', async () => {
    statements.read(await makeTable());
    statements.set({ ...failed, domain });
    agent.starting.add(uid);
    await write();
    expect((await status())?.guests).toMatchObject([{ ...starting, domain }]);
    // That it is being started is no reason for a write of its own.
    const { metadata: { resourceVersion } } = await table();
    await write();
    expect((await table()).metadata.resourceVersion).toBe(resourceVersion);
  });

  it('is what was found alive and has just got an entry, before anybody has looked at it', async () => {
    statements.read(await makeTable([other]));
    await write();
    agent.living.set(uid, entry.grant.name);
    outdated = 0;
    statements.read(await asks({ guests: [other, entry] }));
    expect(outdated).toBe(1);
    await write();
    expect((await status())?.guests).toEqual([{
      uid, grant: entry.grant.name, lives: true, phase: 'Unknown', reason: 'NotLookedAt',
      message: expect.stringContaining('is about to be audited') as string,
    }]);
    statements.set(runs);
    await write();
    expect((await status())?.guests).toEqual([runs]);
  });

  it('is what was found alive by its grant, where something was said of another one', async () => {
    statements.read(await makeTable());
    statements.set({ uid, grant: 'of before', phase: 'Stopped', domain });
    agent.living.set(uid, entry.grant.name);
    await write();
    const { name: grant } = entry.grant;
    expect((await status())?.guests).toMatchObject([{ grant, lives: true, reason: 'NotLookedAt', domain }]);
  });

  it('is nothing that was forgotten, or that has left the table', async () => {
    statements.read(await makeTable());
    statements.set(runs);
    await write();
    statements.read(await asks({ guests: [other] }));
    statements.forget(uid);
    statements.set({ ...failed, uid: other.vm.uid });
    await write();
    expect((await status())?.guests.map((guest) => guest.uid)).toEqual([other.vm.uid]);
  });
});

describe('a table that somebody else has written meanwhile', () => {
  it('is not stated over where it asks for something else: that version comes by the watch', async () => {
    statements.read(await makeTable());
    statements.set(runs);
    const later = await asks({ guests: [entry, other] });
    await write();
    expect([await status(), statements.last]).toEqual([undefined, undefined]);
    statements.read(later);
    await write();
    expect(await status()).toMatchObject({ guests: [runs], session: 's1', term: seal });
  });

  it.each<[string, Partial<Table['spec']>]>([
    ['another seal', { term: 'd/1' }], ['a session', { session: 's1' }],
  ])('is not where it has %s', async (_, change) => {
    statements.read(await makeTable());
    await asks(change);
    await write();
    expect(await status()).toBeUndefined();
  });

  it('is not where it is another table of the same name', async () => {
    statements.read(await makeTable());
    await store.delete('RealtimeAllocation', key);
    await makeTable();
    await write();
    expect([await status(), statements.last]).toEqual([undefined, undefined]);
  });

  it('is where it asks for the same', async () => {
    statements.read(await makeTable());
    statements.set(runs);
    const labels = { by: 'somebody' };
    await modify(store, 'RealtimeAllocation', key, (now) => ({ ...now, metadata: { ...now.metadata, labels } }));
    await write();
    expect((await table()).metadata).toMatchObject({ labels });
    expect(await status()).toMatchObject({ guests: [runs], session: 's1', term: seal });
  });

  it('is left alone once it is gone', async () => {
    statements.read(await makeTable());
    await store.delete('RealtimeAllocation', key);
    await write();
    statements.tableGone();
    await write();
    expect(await store.get('RealtimeAllocation', key)).toBeUndefined();
  });
});

it('a controller of the version before gets reports, without a session', async () => {
  statements.read(await makeTable([entry], '215b72be-1794-4dad-8048-cf8949e82131'));
  statements.set(runs);
  await write();
  expect([await status(), statements.last]).toEqual([{ guests: [runs] }, undefined]);
  statements.set(failed);
  await write();
  expect(await status()).toEqual({ guests: [failed] });
});
