import { beforeEach, describe, expect, it } from 'vitest';
import { fixedRandom } from '../runtime/testing/fixed-random.ts';
import { VirtualClock } from '../runtime/testing/virtual-clock.ts';
import { modify } from '../store/modify.ts';
import type { Stored } from '../store/resource.ts';
import { MemoryServer } from '../store/testing/memory-server.ts';
import { MemoryStore } from '../store/testing/memory-store.ts';
import { Suspicions } from './suspicions.ts';

const { signal } = new AbortController();
const vmKey = { namespace: 'ran', name: 'a' };

let server: MemoryServer;
let store: MemoryStore;
let suspicions: Suspicions;
let suspected: number;

beforeEach(async () => {
  const clock = new VirtualClock(new Date('2026-01-31T12:00:00Z'));
  server = new MemoryServer({ clock, random: fixedRandom(0) });
  const atOnce = () => Promise.resolve();
  store = new MemoryStore({ server, way: { there: atOnce, back: atOnce } });
  suspected = 0;
  suspicions = new Suspicions(store, () => (suspected += 1));
  await store.create({ kind: 'RealtimeAllocation', metadata: { name: 'n1' }, spec: { guests: [] } });
  await store.create({ kind: 'RealtimeVM', metadata: vmKey, spec: { cpu: { vcpus: 1 }, memory: { size: '16Mi' } } } as Parameters<MemoryStore['create']>[0]);
});

const seal = async (term: string): Promise<Stored<'RealtimeAllocation'>> => modify(
  store, 'RealtimeAllocation', { name: 'n1' }, (table) => ({ ...table, spec: { ...table.spec, term } }),
);
const run = async (count: number): Promise<Stored<'RealtimeVM'>> => modify(
  store, 'RealtimeVM', vmKey, (vm) => ({ ...vm, status: { run: { count, grant: 'g', node: 'n1', state: 'Open' as const } } }), { write: 'updateStatus' },
);
const tables = (...versions: readonly Stored<'RealtimeAllocation'>[]) => versions.forEach((table) => suspicions.tableSeen(table));
const vms = (...versions: readonly Stored<'RealtimeVM'>[]) => versions.forEach((vm) => suspicions.vmSeen(vm));
/** How often it was suspected, and what the store says to that. */
const found = async () => [suspected, await suspicions.confirm(signal)];

describe('a suspicion of a restore', () => {
  it('is none where counts rise, or are read again', async () => {
    const [first, second] = [await seal('t/1'), await seal('t/2')];
    tables(first, second, second);
    const [one, other] = [await run(1), await run(2)];
    vms(one, other, other);
    expect(await found()).toEqual([0, undefined]);
  });

  it('is no restore where a watch is behind', async () => {
    const [first, second] = [await seal('t/1'), await seal('t/2')];
    tables(second, first);
    const [one, other] = [await run(1), await run(2)];
    vms(other, one);
    expect(await found()).toEqual([2, undefined]);
    // And nothing is forgotten by that.
    tables(first);
    vms(one);
    expect(await found()).toEqual([4, undefined]);
  });

  it('is one where the store itself has a table of a lower generation, and is told of once', async () => {
    const first = await seal('t/1');
    const backup = server.snapshot();
    tables(first, await seal('t/2'), await seal('t/3'));
    server.restore(backup, false);
    tables(first);
    expect(await found()).toEqual([1, 'RealtimeAllocation n1 was of generation 4, and is of 2']);
    expect(await found()).toEqual([1, undefined]);
    tables(await seal('u/1'));
    expect(await found()).toEqual([1, undefined]);
  });

  it('is one where versions go on from the highest there ever was', async () => {
    await seal('t/1');
    const backup = server.snapshot();
    tables(await seal('t/2'));
    server.restore(backup, true);
    tables((await store.get('RealtimeAllocation', { name: 'n1' }))!);
    expect((await found())[1]).toBe('RealtimeAllocation n1 was of generation 3, and is of 2');
  });

  it('is one where another version has the same generation', async () => {
    await seal('t/1');
    const backup = server.snapshot();
    tables(await seal('t/2'));
    server.restore(backup, false);
    tables(await seal('u/1'));
    expect((await found())[1]).toBe('RealtimeAllocation n1 was of generation 3, and is of 3');
  });

  it('is one where the store itself has a run of a lower count', async () => {
    const one = await run(1);
    const backup = server.snapshot();
    vms(one, await run(2));
    server.restore(backup, false);
    vms(one);
    expect(await found()).toEqual([1, 'the run of RealtimeVM ran/a was of count 2, and is of 1']);
    expect(await found()).toEqual([1, undefined]);
  });

  it('is none of an object that was made anew, nor of one that is gone, nor of a run that a controller of the version before has dropped', async () => {
    const [first, second] = [await seal('t/1'), await seal('t/2')];
    tables(second, { ...first, metadata: { ...first.metadata, uid: 'another' } });
    const [one, other] = [await run(1), await run(2)];
    vms(other, { ...one, status: {} });
    expect(await found()).toEqual([0, undefined]);
    suspicions.vmGone(other);
    vms(one);
    expect(await found()).toEqual([0, undefined]);
    vms(other, one);
    await store.delete('RealtimeVM', vmKey);
    expect(await found()).toEqual([1, undefined]);
  });
});
