import { beforeEach, describe, expect, it } from 'vitest';
import { fixedRandom } from '../runtime/testing/fixed-random.ts';
import { recordedLog } from '../runtime/testing/recorded-log.ts';
import type { RecordedLog } from '../runtime/testing/recorded-log.ts';
import { VirtualClock } from '../runtime/testing/virtual-clock.ts';
import { MemoryServer } from '../store/testing/memory-server.ts';
import { MemoryStore } from '../store/testing/memory-store.ts';
import { LeaseRestoreRecord } from './restore-records.ts';
import { withAcceptance } from './restore-words.ts';
import { Restores } from './restores.ts';
import type { RestoresOptions } from './restores.ts';

const { signal } = new AbortController();
const key = { namespace: 'rtvm', name: 'leader' };
const nobody = { allSealed: false, allHeard: false, anyContradicts: false, allSettled: false };
const all = { allSealed: true, allHeard: true, anyContradicts: false, allSettled: true };

let clock: VirtualClock;
let store: MemoryStore;
let record: LeaseRestoreRecord;
let log: RecordedLog;
let restores: Restores;
let known: ReturnType<RestoresOptions['gather']>;
let told: boolean | undefined;
let changes: number;

beforeEach(async () => {
  clock = new VirtualClock(new Date('2026-01-31T12:00:00Z'));
  const atOnce = () => Promise.resolve();
  store = new MemoryStore({
    server: new MemoryServer({ clock, random: fixedRandom(0) }), way: { there: atOnce, back: atOnce },
  });
  record = new LeaseRestoreRecord(store, key);
  record.seen(await store.createForeign('Lease', { metadata: { ...key, annotations: { 'rtvm.dev/count': '3' } }, spec: { holderIdentity: 'a' } }));
  log = recordedLog();
  known = nobody;
  changes = 0;
  restores = new Restores({
    record, random: fixedRandom(0), clock, log, remedy: 'ask', gather: () => known,
    changed: () => void (changes += 1), told: (isOpen) => void (told = isOpen),
  });
});

/** Of a person. */
async function accept(id: string, ...off: readonly string[]): Promise<void> {
  const lease = (await store.getForeign('Lease', key))!;
  record.seen(await store.updateForeign('Lease', { ...lease, metadata: { ...lease.metadata, annotations: withAcceptance(lease.metadata.annotations, id, off) } }));
}

const annotations = async () => (await store.getForeign('Lease', key))?.metadata.annotations;

describe('a restore', () => {
  it('is opened when more is remembered than there is, waits for all agents, for a person and for what lives, and is closed', async () => {
    restores.remembered('a count has gone back');
    expect([restores.isNoticed, restores.current]).toEqual([true, undefined]);
    expect([await restores.step(signal), told]).toEqual([true, true]);
    const { id } = restores.current!;
    expect([restores.isNoticed, restores.current, restores.waitsFor, changes])
      .toEqual([false, { id, kind: 'found' }, 'NodesNotHeard', 1]);
    expect(await annotations())
      .toEqual({ 'rtvm.dev/count': '3', 'rtvm.dev/restore': JSON.stringify({ id, kind: 'found' }) });
    expect(log.entries).toMatchObject([{ level: 'error', fields: { restore: id, detail: 'a count has gone back' } }]);

    known = { ...all, allSettled: false };
    expect([await restores.step(signal), restores.waitsFor]).toEqual([true, 'NotAccepted']);
    await accept('another');
    expect([await restores.step(signal), restores.waitsFor]).toEqual([true, 'NotAccepted']);
    await accept(id, 'n9');
    expect(restores.current?.accepted?.off).toEqual(['n9']);
    expect([await restores.step(signal), restores.waitsFor]).toEqual([true, 'NotSettled']);
    known = all;
    expect([await restores.step(signal), restores.current, restores.waitsFor]).toEqual([false, undefined, undefined]);
    expect(await annotations()).toEqual({ 'rtvm.dev/count': '3' });
  });

  it('is none where nothing was noticed', async () => {
    expect([await restores.step(signal), told, restores.isNoticed, await annotations()])
      .toEqual([false, false, false, { 'rtvm.dev/count': '3' }]);
  });

  it('is suspected where no controller was there for long, and ends by itself once all agree', async () => {
    restores.longAway();
    expect(restores.isNoticed).toBe(true);
    expect([await restores.step(signal), restores.isNoticed, restores.current?.kind])
      .toEqual([true, false, 'suspected']);
    expect(log.entries.map(({ level }) => level)).toEqual(['warn']);
    known = all;
    expect([await restores.step(signal), restores.current]).toEqual([false, undefined]);
  });

  it('that was suspected is found once an agent contradicts the store, and does not end by itself then', async () => {
    restores.longAway();
    await restores.step(signal);
    const { id } = restores.current!;
    known = { ...nobody, anyContradicts: true };
    expect([await restores.step(signal), restores.current]).toEqual([true, { id, kind: 'found' }]);
    known = all;
    expect([await restores.step(signal), restores.waitsFor]).toEqual([true, 'NotAccepted']);
  });

  it('is not suspected beside one that is open already: that asks everybody', async () => {
    restores.remembered('a count');
    restores.longAway();
    await restores.step(signal);
    expect([restores.current?.kind, restores.isNoticed]).toEqual(['found', false]);
    await restores.step(signal);
    expect(restores.current?.kind).toBe('found');
  });

  it('that is noticed again within 30 s is the same, and another later', async () => {
    restores.remembered('a table');
    await restores.step(signal);
    const first = restores.current?.id;
    await clock.pass(29_999);
    restores.remembered('another table');
    expect([restores.isNoticed, await restores.step(signal), restores.current?.id]).toEqual([false, true, first]);
    await clock.pass(1);
    restores.remembered('a run');
    expect(restores.isNoticed).toBe(true);
    await restores.step(signal);
    expect(restores.current?.id).not.toBe(first);
    await accept(first!);
    expect(restores.current?.accepted).toBeUndefined();
  });

  it('that is noticed again after it was closed is another, however soon', async () => {
    restores.remembered('a table');
    await restores.step(signal);
    const first = restores.current!.id;
    await accept(first);
    known = all;
    await restores.step(signal);
    restores.remembered('a table');
    await restores.step(signal);
    expect([restores.current === undefined, restores.current?.id === first]).toEqual([false, false]);
  });

  it('that one agent opens is that of the next', async () => {
    await restores.open('found', 'node n1 contradicts the store', signal);
    const { current } = restores;
    await restores.open('found', 'node n2 contradicts the store', signal);
    expect([restores.current, changes]).toEqual([current, 1]);
  });

  it('is known to the controller that leads next', async () => {
    restores.remembered('a table');
    await restores.step(signal);
    const next = new LeaseRestoreRecord(store, key);
    next.seen(await store.getForeign('Lease', key));
    expect(next.current).toEqual(restores.current);
  });

  it('is written over a Lease that was renewed meanwhile, and into one that is made where there is none', async () => {
    const lease = (await store.getForeign('Lease', key))!;
    await store.updateForeign('Lease', { ...lease, metadata: { ...lease.metadata, annotations: { 'rtvm.dev/count': '4' } } });
    restores.remembered('a table');
    await restores.step(signal);
    expect(Object.keys(await annotations() ?? {})).toEqual(['rtvm.dev/count', 'rtvm.dev/restore']);
    await store.deleteForeign('Lease', key);
    record.seen(undefined);
    restores.remembered('the Lease');
    await restores.step(signal);
    expect(Object.keys(await annotations() ?? {})).toEqual(['rtvm.dev/restore']);
  });
});
