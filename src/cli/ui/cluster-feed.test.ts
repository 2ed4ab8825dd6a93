import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DirectoryStore } from '../../store/directory/directory-store.ts';
import { machineClock } from '../../runtime/clock.ts';
import { ClusterFeed } from './cluster-feed.ts';
import type { FeedReader } from './feed-reader.ts';
import type { Change, Sight } from './wire.ts';

let directory: string;
let store: DirectoryStore;
let feed: ClusterFeed;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rtvm-feed-'));
  store = await DirectoryStore.open({ directory });
  feed = new ClusterFeed({ store }, machineClock);
});

afterEach(async () => {
  await feed.close();
  await store.close();
  await rm(directory, { recursive: true });
});

const spec = { cpu: { vcpus: 1 }, memory: { size: '16Mi' }, disks: [{ name: 'data', emptySize: '1Mi' }] } as never;
const create = (name: string) => store.create({ kind: 'RealtimeVM', metadata: { namespace: 'default', name }, spec });

/** Everything that a reader is told, until it is told that there is no more for now. */
async function toldUntil(messages: ReturnType<FeedReader['messages']>, enough: (changes: readonly Change[], sight: Sight | undefined) => boolean): Promise<readonly Change[]> {
  const changes: Change[] = [];
  let sight: Sight | undefined;
  while (!enough(changes, sight)) {
    const { value } = await messages.next();
    if (value === undefined) throw new Error('the reader was closed');
    if (value.event === 'change') changes.push(JSON.parse(value.data) as Change);
    else sight = JSON.parse(value.data) as Sight;
  }
  return changes;
}

const keys = (changes: readonly Change[]) => changes.flatMap(({ vms, goneVms }) => [...vms.map(({ key, phase }) => `${key} ${phase}`), ...goneVms.map((key) => `-${key}`)]).toSorted();
const complete = (_: readonly Change[], sight: Sight | undefined) => sight?.complete === true;

it('tells a reader all there is, then each object that has changed and no other', async () => {
  const [one] = await Promise.all([create('one'), create('two')]);
  const messages = feed.read().messages();
  expect(keys(await toldUntil(messages, complete))).toEqual(['default/one Pending', 'default/two Pending']);
  await store.updateStatus({ ...one, status: { phase: 'Running' } });
  expect(keys(await toldUntil(messages, (changes) => changes.length > 0))).toEqual(['default/one Running']);
  await store.delete('RealtimeVM', { namespace: 'default', name: 'two' });
  expect(keys(await toldUntil(messages, (changes) => changes.length > 0))).toEqual(['-default/two']);
  expect([feed.vm('default/one')?.uid, feed.vm('default/two')]).toEqual([one.metadata.uid, undefined]);
});

it('tells a late reader the latest alone, and says nothing of writes that change nothing that is shown', async () => {
  let vm = await create('one');
  const early = feed.read().messages();
  await toldUntil(early, complete);
  vm = await store.updateStatus({ ...vm, status: { phase: 'Starting' } });
  await toldUntil(early, (changes) => changes.length > 0);
  const late = feed.read();
  expect(keys(await toldUntil(late.messages(), complete))).toEqual(['default/one Starting']);
  late.close();
  // Who wrote which generation is not shown; the phase that comes after it is.
  vm = await store.updateStatus({ ...vm, status: { phase: 'Starting', observedGeneration: 1 } });
  await new Promise((resolve) => { setTimeout(resolve, 400); });
  await store.updateStatus({ ...vm, status: { phase: 'Running', observedGeneration: 1 } });
  const [change, ...more] = await toldUntil(early, (changes) => changes.length > 0);
  expect([keys([change!]), more]).toEqual([['default/one Running'], []]);
});

it('ends its readers when it ends', async () => {
  const messages = feed.read().messages();
  await toldUntil(messages, complete);
  expect(feed.readers).toBe(1);
  const next = messages.next();
  await feed.close();
  expect([(await next).done, feed.readers]).toEqual([true, 0]);
});
