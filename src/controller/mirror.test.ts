import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fixedRandom } from '../runtime/testing/fixed-random.ts';
import { VirtualClock } from '../runtime/testing/virtual-clock.ts';
import type { Stored } from '../store/resource.ts';
import { MemoryServer } from '../store/testing/memory-server.ts';
import { MemoryStore } from '../store/testing/memory-store.ts';
import { Mirror } from './mirror.ts';

const key = { namespace: 'ran', name: 'a' };

let clock: VirtualClock;
let server: MemoryServer;
let store: MemoryStore;
let mirror: Mirror<'RealtimeVMClass'>;
/** Class limits as the mirror has told them, `gone` for none. */
let told: (number | string)[];
/** What holds the watch back, where something does. */
let held: PromiseWithResolvers<undefined> | undefined;
let stop: AbortController;
let running: Promise<void>;

beforeEach(() => {
  clock = new VirtualClock(new Date('2026-01-31T12:00:00Z'));
  server = new MemoryServer({ clock, random: fixedRandom(0) });
  const atOnce = () => Promise.resolve();
  store = new MemoryStore({ server, way: { there: atOnce, back: (what) => (what === 'event' ? held?.promise : undefined) ?? atOnce() } });
  told = [];
  held = undefined;
  mirror = new Mirror({
    store, kind: 'RealtimeVMClass', clock,
    changed: ({ spec }, gone) => void told.push(gone ? 'gone' : spec.maxCpusPerNamespace ?? 0),
  });
  stop = new AbortController();
  running = mirror.run(stop.signal, () => void told.push('synced'));
});

afterEach(async () => {
  stop.abort();
  held?.resolve(undefined);
  await running;
});

async function write(maxCpusPerNamespace: number): Promise<Stored<'RealtimeVMClass'>> {
  const spec = { cpu: { vcpus: 1 }, memory: { size: '16Mi' }, maxCpusPerNamespace };
  const now = await store.get('RealtimeVMClass', { name: 'c' });
  return now === undefined
    ? store.create({ kind: 'RealtimeVMClass', metadata: { name: 'c' }, spec } as Parameters<MemoryStore['create']>[0]) as Promise<Stored<'RealtimeVMClass'>>
    : store.update({ ...now, spec: { ...now.spec, maxCpusPerNamespace } });
}

const known = () => mirror.get({ name: 'c' })?.spec.maxCpusPerNamespace;

describe('a mirror', () => {
  it('tells what is there, what changes, and what goes', async () => {
    await write(1);
    await clock.pass(0);
    await write(2);
    await clock.pass(0);
    await store.delete('RealtimeVMClass', { name: 'c' });
    await clock.pass(0);
    expect([told.filter((word) => word !== 'synced'), mirror.get(key), [...mirror.keys()]])
      .toEqual([[1, 2, 'gone'], undefined, []]);
  });

  it('passes over a version that was on its way when a later one was written by itself', async () => {
    await write(1);
    await clock.pass(0);
    held = Promise.withResolvers();
    await write(2);
    await clock.pass(0);
    mirror.put(await write(3));
    held.resolve(undefined);
    held = undefined;
    await clock.pass(0);
    expect([known(), told]).toEqual([3, ['synced', 1, 3]]);
    await clock.pass(60_000);
    expect([known(), told]).toEqual([3, ['synced', 1, 3]]);
  });

  it('takes what the store was put back to once no watch is behind for so long', async () => {
    await write(1);
    await clock.pass(0);
    const backup = server.snapshot();
    held = Promise.withResolvers();
    await write(2);
    await clock.pass(0);
    mirror.put(await write(3));
    server.restore(backup, false);
    held.resolve(undefined);
    held = undefined;
    await clock.pass(4999);
    expect([known(), told]).toEqual([3, ['synced', 1]]);
    await clock.pass(1);
    expect([known(), told]).toEqual([1, ['synced', 1, 1]]);
  });

  it('takes it at once where the watch has told of the write of its own already', async () => {
    await write(1);
    const backup = server.snapshot();
    mirror.put(await write(2));
    await clock.pass(0);
    server.restore(backup, false);
    await clock.pass(0);
    expect([known(), told.at(-1)]).toEqual([1, 1]);
  });

  it('takes at once what the store was put back to long after the last write of its own', async () => {
    await write(1);
    const backup = server.snapshot();
    mirror.put(await write(2));
    held = Promise.withResolvers();
    await clock.pass(5000);
    server.restore(backup, false);
    held.resolve(undefined);
    held = undefined;
    await clock.pass(0);
    expect([known(), told.at(-1)]).toEqual([1, 1]);
  });

  it('takes the last of what it has passed over, and nothing of it where it has written or heard of a later one since', async () => {
    await write(1);
    const backup = server.snapshot();
    for (let limit = 2; limit < 6; limit += 1) await write(limit);
    mirror.put(await write(6));
    server.restore(backup, false);
    await clock.pass(1000);
    await write(2);
    await clock.pass(4000);
    expect(known()).toBe(2);
    mirror.put(await write(7));
    await clock.pass(10_000);
    expect([known(), told.at(-1)]).toEqual([7, 7]);
  });

  it('takes an older version of another object of the name at once, and that it is gone', async () => {
    const backup = server.snapshot();
    await write(1);
    mirror.put(await write(2));
    await clock.pass(0);
    server.restore(backup, false);
    await clock.pass(0);
    expect([known(), told.at(-1)]).toEqual([undefined, 'gone']);
    mirror.put({ ...await write(3), metadata: { ...(await write(4)).metadata, uid: 'another', resourceVersion: '99' } });
    await clock.pass(0);
    expect(known()).toBe(4);
  });

  it('goes back to no version of its own that a watch has gone past before the answer came', async () => {
    await write(1);
    await clock.pass(0);
    const late = await write(2);
    await write(3);
    await clock.pass(0);
    mirror.putWritten(late);
    expect(known()).toBe(3);
    await store.delete('RealtimeVMClass', { name: 'c' });
    await clock.pass(0);
    mirror.putWritten(late);
    expect(known()).toBeUndefined();
  });
});
