import { expect, onTestFinished, test } from 'vitest';
import { follow } from '../testing/follow.ts';
import { kubernetesStoreOver } from './kubernetes-store.ts';
import { fixedRandom } from '../../runtime/testing/fixed-random.ts';
import { hastyClock } from '../../runtime/testing/hasty-clock.ts';
import type { HastyClock } from '../../runtime/testing/hasty-clock.ts';
import { broken, events, json, scripted } from './testing/scripted-transport.ts';
import type { Answer } from './testing/scripted-transport.ts';
import type { WatchTiming } from './watch-stream.ts';

const path = '/apis/rtvm.dev/v1alpha1/realtimenodes';
/** With `random()` at a half: 450 s. */
const timeout = 'timeoutSeconds=450';
const initially = `GET ${path}?watch=true&allowWatchBookmarks=true&${timeout}&sendInitialEvents=true&resourceVersionMatch=NotOlderThan`;
const from = (version: number) => `GET ${path}?watch=true&allowWatchBookmarks=true&${timeout}&resourceVersion=${version}`;
const listing = `GET ${path}?limit=500`;

function host(name: string, resourceVersion: number, { uid = `uid-${name}`, spec = {} }: { readonly uid?: string; readonly spec?: object } = {}): object {
  return { apiVersion: 'rtvm.dev/v1alpha1', kind: 'RealtimeNode', metadata: { name, uid, resourceVersion: String(resourceVersion), generation: 1, creationTimestamp: '2026-01-31T12:00:00Z', managedFields: [{}] }, spec };
}

const added = (object: object) => ({ type: 'ADDED', object });
const modified = (object: object) => ({ type: 'MODIFIED', object });
const deleted = (object: object) => ({ type: 'DELETED', object });
const bookmark = (resourceVersion: number) => ({ type: 'BOOKMARK', object: { metadata: { resourceVersion: String(resourceVersion) } } });
const initialEnd = (resourceVersion: number) => ({ type: 'BOOKMARK', object: { metadata: { resourceVersion: String(resourceVersion), annotations: { 'k8s.io/initial-events-end': 'true' } } } });
const expired = { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' } };
const page = (items: readonly object[], resourceVersion: number, next?: string) => json(200, { metadata: { resourceVersion: String(resourceVersion), continue: next }, items });
const noWatchList = json(422, { kind: 'Status', message: 'sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled' });

/** A watch that takes its time. */
function lasting(clock: HastyClock, ms: number, lines: readonly object[], end: 'end' | 'cut'): Answer {
  return async (request) => {
    clock.advance(ms);
    return events(lines, end)(request);
  };
}

/** A watch of all hosts on a server that answers by script, and what became of it. */
function watched(answers: readonly Answer[], { watchTiming, clock = hastyClock() }: { readonly watchTiming?: WatchTiming; readonly clock?: HastyClock } = {}) {
  const script = scripted(answers);
  const store = kubernetesStoreOver(script.transport, { component: 'test', clock, random: fixedRandom(0.5), watchTiming });
  onTestFinished(() => store.close());
  const followed = follow((signal) => store.watch('RealtimeNode', {}, signal));
  const told = async (count: number) => {
    await followed.until(`${count} things are told`, () => followed.told.length >= count);
    return followed.told;
  };
  const sent = async (count: number) => {
    await followed.until(`${count} requests are sent`, () => script.sent.length >= count);
    return script.sent;
  };
  return { store, clock, script, told, sent, followed };
}

test('the state comes as events of the watch, and the watch goes on from there', async () => {
  const { told, script } = watched([events([added(host('a', 3)), added(host('b', 1)), initialEnd(5), added(host('c', 6)), modified(host('a', 7)), deleted(host('b', 8))])]);
  expect(await told(6)).toStrictEqual(['added a', 'added b', 'synced', 'added c', 'modified a', 'deleted b']);
  expect(script.sent).toStrictEqual([initially]);
});

test('a server that does not know that is listed in pages, and asked only once', async () => {
  const clock = hastyClock();
  const { told, script, sent } = watched([noWatchList, page([host('a', 1)], 5, 'more'), page([host('b', 2)], 5), events([added(host('c', 6)), expired]), page([host('c', 6)], 9), lasting(clock, 450_000, [], 'end')], { clock });
  expect(await told(6)).toStrictEqual(['added a', 'added b', 'synced', 'added c', 'deleted a', 'deleted b']);
  await sent(7);
  expect(script.sent).toStrictEqual([initially, listing, `${listing}&continue=more`, from(5), listing, from(9), from(9)]);
});

test('a list whose first page has been compacted away is fetched in one', async () => {
  const gone = json(410, { kind: 'Status', reason: 'Expired', message: 'the provided continue parameter is too old' });
  const { told, script } = watched([noWatchList, page([host('a', 1)], 5, 'more'), gone, page([host('a', 1), host('b', 6)], 7)]);
  expect(await told(3)).toStrictEqual(['added a', 'added b', 'synced']);
  expect(script.sent.slice(1, 4)).toStrictEqual([listing, `${listing}&continue=more`, `GET ${path}`]);
});

test('a watch that ends in its time goes on from the last event or bookmark, at once', async () => {
  const clock = hastyClock();
  const inTime = (lines: readonly object[]) => lasting(clock, 449_000, lines, 'end');
  const { sent } = watched([inTime([initialEnd(5), added(host('a', 6))]), inTime([bookmark(70)]), inTime([])], { clock });
  expect(await sent(4)).toStrictEqual([initially, from(6), from(70), from(70)]);
  expect(clock.slept).toStrictEqual([]);
});

test.each<[string, Answer]>([
  ['ends before its time', events([initialEnd(5), bookmark(9)], 'end')],
  ['is cut', events([initialEnd(5), bookmark(9)], 'cut')],
  ['is cut within an event', events([initialEnd(5), '{"type":"ADDED","obj'], 'end')],
  ['has expired', events([initialEnd(5), expired])],
  ['goes back to older versions, as after a restored backup', events([initialEnd(50), bookmark(9)])],
  ['ends before the state was told', events([added(host('x', 1))], 'end')],
  ['says something else', events([initialEnd(5), { type: 'TABLE' }])],
])('after a watch that %s, the state is read anew', async (_what, first) => {
  const { sent, clock } = watched([first, events([added(host('a', 3)), initialEnd(10)])]);
  expect(await sent(2)).toStrictEqual([initially, initially]);
  expect(clock.slept).toStrictEqual([600]);
});

test('what is absent from a state that was read anew is told as deleted, what is other as modified, what is the same not at all', async () => {
  const { told } = watched([
    events([added(host('a', 1)), added(host('b', 2)), added(host('c', 3)), added(host('d', 4)), initialEnd(5)], 'cut'),
    events([added(host('a', 1)), added(host('c', 3, { spec: { maxPriority: 9 } })), added(host('d', 6, { uid: 'another' })), initialEnd(7)]),
  ]);
  const all = await told(9);
  expect(all.slice(0, 5)).toStrictEqual(['added a', 'added b', 'added c', 'added d', 'synced']);
  expect(all.slice(5).sort()).toStrictEqual(['added d', 'deleted b', 'deleted d', 'modified c']);
});

test('silence is noticed: beyond the promised end, and sooner once bookmarks have come', async () => {
  const silent = { leastSeconds: 0, mostSeconds: 0, graceMs: 30, silenceAfterBookmarkMs: 60_000 };
  const late = watched([events([initialEnd(5)]), events([added(host('a', 6)), initialEnd(6)])], { watchTiming: silent });
  expect(await late.told(2)).toStrictEqual(['synced', 'added a']);
  const early = watched([events([initialEnd(5), bookmark(5)]), events([added(host('a', 6)), initialEnd(6)])], { watchTiming: { leastSeconds: 300, mostSeconds: 300, graceMs: 30_000, silenceAfterBookmarkMs: 30 } });
  expect(await early.told(2)).toStrictEqual(['synced', 'added a']);
});

test('pauses grow while the server is away, a person is told from the second failure on, and nothing is taken for gone', async () => {
  const { told, clock, sent, store } = watched([events([added(host('a', 1)), initialEnd(5)], 'cut'), ...Array.from({ length: 7 }, () => broken(true)), events([added(host('a', 1)), initialEnd(5)])]);
  await sent(9);
  expect(await told(4)).toStrictEqual(['added a', 'synced', 'problems: https://api.test:6443/apis/rtvm.dev/v1alpha1/realtimenodes: realtimenodes: watch failed: the API server at https://api.test:6443: connect ECONNREFUSED', 'problems: ']);
  expect(clock.slept).toStrictEqual([600, 1_200, 2_400, 4_800, 9_600, 19_200, 22_500, 22_500]);
  expect(await store.diagnostics()).toStrictEqual([]);
});

test('what only a person can mend is told at once', async () => {
  const { told } = watched([json(403, { kind: 'Status', message: 'no' })]);
  expect(await told(1)).toStrictEqual(['problems: https://api.test:6443/apis/rtvm.dev/v1alpha1/realtimenodes: realtimenodes: watch is forbidden: no']);
});

test('after a good while the pauses are short again', async () => {
  const clock = hastyClock();
  const { sent } = watched([broken(true), broken(true), lasting(clock, 200_000, [initialEnd(5)], 'cut'), broken(true)], { clock });
  await sent(5);
  expect(clock.slept).toStrictEqual([600, 1_200, 600, 1_200]);
});

test('an object that cannot be read is for those who watch as it was, and a problem until it is mended', async () => {
  const bad = { maxPriority: 'high' };
  const problem = (name: string) => `problems: ${path}/${name}: spec.maxPriority: "high": must be a whole number, found a string`;
  const { followed: { told, objects, until } } = watched([
    events([added(host('a', 1)), added(host('b', 2, { spec: bad })), initialEnd(5)], 'cut'),
    events([added(host('a', 6, { spec: bad })), added(host('b', 7)), initialEnd(7)], 'cut'),
    events([added(host('a', 8, { spec: { maxPriority: 7 } })), added(host('b', 7)), initialEnd(9)]),
  ], { clock: slowClock() });
  await until('all is mended', () => told.at(-1) === 'problems: ');
  expect(told).toStrictEqual(['added a', 'synced', problem('b'), 'added b', problem('a'), 'modified a', 'problems: ']);
  expect((objects.get('a') as { spec?: { maxPriority: number } } | undefined)?.spec?.maxPriority).toBe(7);
});

/** Gives readers their turn while others sleep. */
function slowClock(): HastyClock {
  const clock = hastyClock();
  return {
    ...clock,
    sleep: async (ms, signal) => {
      await clock.sleep(ms, signal);
      await new Promise((resolve) => setTimeout(resolve, 20));
    },
  };
}

test('what nobody reads is not kept', async () => {
  const { told, followed } = watched([events([added(host('a', 1)), initialEnd(5)])]);
  await told(2);
  expect(followed.objects.get('a')?.metadata).toStrictEqual({ name: 'a', uid: 'uid-a', resourceVersion: '1', generation: 1, creationTimestamp: '2026-01-31T12:00:00Z' });
});

test('one that nobody watches any more ends, and a later one begins anew', async () => {
  const { followed, store, script, sent, told } = watched([events([initialEnd(5)]), events([initialEnd(6)])]);
  await told(1);
  followed.stop.abort();
  await followed.ended;
  const again = follow((signal) => store.watch('RealtimeNode', {}, signal));
  await again.until('it is synced', () => again.told.includes('synced'));
  await sent(2);
  expect(script.sent).toStrictEqual([initially, initially]);
});

test('a name is watched within its namespace', async () => {
  const { store, script } = watched([events([])]);
  follow((signal) => store.watch('RealtimeVM', { namespace: 'lab', name: 'a' }, signal));
  await expect.poll(() => script.sent.length).toBe(2);
  expect(script.sent[1]).toMatch('GET /apis/rtvm.dev/v1alpha1/namespaces/lab/realtimevms?fieldSelector=metadata.name=a&watch=true');
  const fails = (message: string): unknown => expect.objectContaining({ code: 'INVALID', message });
  expect(() => store.watch('RealtimeVM', { name: 'a' }, new AbortController().signal)).toThrow(fails('RealtimeVM a: a namespace is required'));
  expect(() => store.watch('RealtimeNode', { namespace: 'lab' }, new AbortController().signal)).toThrow(fails('RealtimeNode belongs to the whole cluster and has no namespace, found "lab"'));
});
