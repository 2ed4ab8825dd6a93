import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AllocatedGuest } from '../crds/realtime-allocation.ts';
import { nextGuardStep } from '../protocol/guard-table.ts';
import type { GuardSituation } from '../protocol/guard-table.ts';
import { fixedRandom } from '../runtime/testing/fixed-random.ts';
import { recordedLog } from '../runtime/testing/recorded-log.ts';
import type { RecordedLog } from '../runtime/testing/recorded-log.ts';
import { VirtualClock } from '../runtime/testing/virtual-clock.ts';
import { MemoryServer } from '../store/testing/memory-server.ts';
import { MemoryStore } from '../store/testing/memory-store.ts';
import { guardFinalizer, guardPod } from './guard.ts';
import type { GuardedTable } from './guard.ts';
import { Guards } from './guards.ts';

const table = { metadata: { name: 'n1', uid: 'u1' } } as GuardedTable;
const options = { namespace: 'rtvm', image: 'registry.k8s.io/pause:3.10' };
const key = { namespace: 'rtvm', name: 'rtvm-guard-n1' };

const guestOf = (memoryMiB: number) => (
  { placement: { extraMemoryMiB: 100, cells: [{ pageSize: '2Mi', memoryMiB }] } } as unknown as AllocatedGuest
);
const asksFor = (memoryMiB: number) => guardPod(table, [guestOf(memoryMiB)], options).spec.containers;

let clock: VirtualClock;
let store: MemoryStore;
let log: RecordedLog;
let guards: Guards;
let stop: AbortController;
let running: Promise<void>;
let counted: (readonly [number, number])[];
/** What the node is. */
let node: { memoryMiB: number; known: boolean; fenced: boolean; cordoned: boolean; blocks: boolean };

beforeEach(async () => {
  clock = new VirtualClock(new Date('2026-05-01T12:00:00Z'));
  const atOnce = () => Promise.resolve();
  store = new MemoryStore({ server: new MemoryServer({ clock, random: fixedRandom(0) }), way: { there: atOnce, back: atOnce } });
  log = recordedLog();
  node = { memoryMiB: 0, known: true, fenced: false, cordoned: false, blocks: true };
  counted = [];
  guards = new Guards({
    ...options, cluster: store, log, clock,
    tableOf: () => table, guestsOf: () => (node.memoryMiB === 0 ? [] : [guestOf(node.memoryMiB)]),
    isKnown: () => node.known, isFenced: () => node.fenced, blocks: () => node.blocks, isCordoned: () => node.cordoned,
    changed: () => undefined,
    observer: { queue: {}, counted: (all, draining) => void counted.push([all, draining]) },
  });
  stop = new AbortController();
  running = guards.run(stop.signal);
  await clock.pass(0);
});

afterEach(async () => {
  stop.abort();
  await clock.pass(0);
  await running;
});

/** The node is so from now on, and it is looked at. */
async function becomes(change: Partial<typeof node>): Promise<void> {
  Object.assign(node, change);
  guards.look('n1');
  await clock.pass(600);
}

const pod = () => store.getForeign('Pod', key);
const budget = async () => (await store.getForeign('PodDisruptionBudget', key)) !== undefined;

/** As kubelet does. */
async function ends(phase: string): Promise<void> {
  await store.updateForeign('Pod', { ...(await pod())!, status: { phase, reason: 'OutOfhugepages-2Mi', message: 'no room' } });
  await clock.pass(600);
}

async function evict(): Promise<void> {
  await store.deleteForeign('Pod', key);
  await clock.pass(600);
}

describe('the guard of a node', () => {
  it('comes with the first guest, and goes with the last', async () => {
    await becomes({ memoryMiB: 32 });
    expect([(await pod())?.spec.containers, await budget()]).toEqual([asksFor(32), true]);
    await becomes({ memoryMiB: 0 });
    expect([await pod(), await budget()]).toEqual([undefined, false]);
    expect(counted.at(-1)).toEqual([0, 0]);
  });

  it('stays while what the node holds is not known, and goes where a person says that the machine is off', async () => {
    await becomes({ memoryMiB: 32 });
    await becomes({ memoryMiB: 0, known: false });
    expect((await pod())?.spec.containers).toEqual(asksFor(32));
    await becomes({ memoryMiB: 32, fenced: true });
    expect(await budget()).toBe(false);
    expect((await pod())?.metadata.finalizers).toEqual([]);
    await evict();
    expect(await pod()).toBeUndefined();
    // And is not made again before the machine is back.
    await becomes({});
    expect(await pod()).toBeUndefined();
    await becomes({ fenced: false });
    expect((await pod())?.spec.containers).toEqual(asksFor(32));
  });

  it('is made anew for other amounts ten seconds after it was made, and not at all while a drain may wait for it', async () => {
    await becomes({ memoryMiB: 32 });
    const { uid } = (await pod())!.metadata;
    await becomes({ memoryMiB: 64 });
    await clock.pass(4000);
    expect((await pod())?.metadata.uid).toBe(uid);
    await clock.pass(6000);
    expect((await pod())?.spec.containers).toEqual(asksFor(64));
    await becomes({ memoryMiB: 96, cordoned: true });
    await clock.pass(60_000);
    expect((await pod())?.spec.containers).toEqual(asksFor(64));
    await becomes({ cordoned: false });
    expect((await pod())?.spec.containers).toEqual(asksFor(96));
  });

  it('is made anew in ten seconds, though this clock is an hour behind', async () => {
    await becomes({ memoryMiB: 32 });
    clock.stepWall(-3_600_000);
    await becomes({ memoryMiB: 64 });
    await clock.pass(10_000);
    expect(Date.parse((await pod())!.metadata.creationTimestamp)).toBeGreaterThan(clock.date().getTime());
    clock.stepWall(3_600_000);
    await clock.pass(10_000);
    expect((await pod())?.spec.containers).toEqual(asksFor(64));
  });

  it('that kubelet refuses is told of, and made anew a minute after it was made', async () => {
    await becomes({ memoryMiB: 32 });
    const { uid } = (await pod())!.metadata;
    await ends('Failed');
    expect(log.entries)
      .toMatchObject([{ level: 'warn', fields: { node: 'n1', reason: 'OutOfhugepages-2Mi', detail: 'no room' } }]);
    await clock.pass(50_000);
    expect((await pod())?.metadata.uid).toBe(uid);
    await clock.pass(10_000);
    expect((await pod())?.metadata.uid).not.toBe(uid);
  });

  it('that is evicted from a cordoned node is held until the guests have ended, and then the drain goes on', async () => {
    await becomes({ memoryMiB: 32, cordoned: true });
    await evict();
    expect([guards.drains('n1'), (await pod())?.metadata.finalizers, counted.at(-1)])
      .toEqual([true, [guardFinalizer], [1, 1]]);
    await becomes({ memoryMiB: 0 });
    expect([guards.drains('n1'), await pod()]).toEqual([false, undefined]);
  });

  it('that somebody has deleted without a drain is made again', async () => {
    await becomes({ memoryMiB: 32 });
    const { uid } = (await pod())!.metadata;
    await evict();
    expect([guards.drains('n1'), (await pod())?.spec.containers, (await pod())?.metadata.uid === uid])
      .toEqual([false, asksFor(32), false]);
  });

  it('keeps a drain waiting only where a guest must not be stopped', async () => {
    await becomes({ memoryMiB: 32, blocks: false });
    expect([await budget(), await pod() === undefined]).toEqual([false, false]);
    await becomes({ blocks: true });
    expect(await budget()).toBe(true);
  });
});

it('a cordoned node with guests is never without a guard, and a node that is left alone ends with what it should have', () => {
  /** A second passes after each. */
  const happening = fc.oneof(
    fc.record({ memoryMiB: fc.constantFrom(0, 32, 64) }), fc.record({ cordoned: fc.boolean() }), fc.record({ known: fc.boolean() }),
    fc.constant('deleted' as const), fc.constant('refused' as const), fc.constant('nothing' as const),
  );
  interface There { readonly memoryMiB: number; readonly bornMs: number; readonly state: Exclude<GuardSituation['pod'], 'None'> }
  fc.assert(fc.property(fc.array(happening, { maxLength: 60 }), (happenings) => {
    let there = undefined as There | undefined;
    let [is, nowMs] = [{ memoryMiB: 0, cordoned: false, known: true }, 0];
    /** What the API server then has. */
    const take = () => {
      const restMs = there === undefined ? 0 : Math.max(0, there.bornMs + (there.state === 'Ended' ? 60_000 : 10_000) - nowMs);
      const { step } = nextGuardStep({
        pod: there?.state ?? 'None', holds: is.memoryMiB > 0, known: is.known, fenced: false, cordoned: is.cordoned,
        asksOtherwise: there !== undefined && there.memoryMiB !== is.memoryMiB, restMs,
      });
      if (step.do === 'create') there = { memoryMiB: is.memoryMiB, bornMs: nowMs, state: 'Stands' };
      if (step.do === 'letGo' || step.do === 'delete') {
        // Without guests, or so that it is made anew: in the same breath, where nobody waits for it.
        expect([is.cordoned && is.memoryMiB > 0, is.known]).toEqual([false, true]);
        there = undefined;
      }
      return step;
    };
    for (const next of happenings) {
      nowMs += 1000;
      if (next === 'deleted') there = there && { ...there, state: 'Ending' };
      else if (next === 'refused') there = there && { ...there, state: there.state === 'Ending' ? 'Ending' : 'Ended' };
      else if (next !== 'nothing') is = { ...is, ...next };
      take();
      if (is.cordoned && is.memoryMiB > 0) expect(there).toBeDefined();
    }
    is = { ...is, cordoned: false, known: true };
    nowMs += 60_000;
    take();
    take();
    expect(take()).toEqual({ do: 'none' });
    expect(there?.memoryMiB ?? 0).toBe(is.memoryMiB);
  }));
});
