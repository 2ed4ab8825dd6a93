/** What every store promises, as tests: run against each of them. */
import { describe, expect, onTestFinished, test } from 'vitest';
import type { EventDraft } from '../event.ts';
import { modify } from '../modify.ts';
import type { ResourceStore } from '../resource-store.ts';
import type { Draft } from '../resource.ts';
import { node, withLabel, withPriority } from '../directory/testing/samples.ts';
import { follow } from './follow.ts';

const hostA = { name: 'host-a' };
const conflict: unknown = expect.objectContaining({ code: 'CONFLICT' });
const refused = (code: string, message: string): unknown => expect.objectContaining({ code, message });

function image(namespace: string, name: string): Draft<'RealtimeImage'> {
  return {
    kind: 'RealtimeImage', metadata: { namespace, name },
    spec: { source: { path: 'probe.rom' }, format: 'rom' },
  };
}

/**
 * @param open a store on storage that holds nothing when the first one of a test is opened; called twice, both are on
 * the same.
 */
export function storeContract(
  title: string,
  open: () => Promise<{ readonly store: ResourceStore; readonly other: ResourceStore }>,
): void {
  const opened = async () => {
    const stores = await open();
    onTestFinished(async () => {
      await stores.store.close();
      await stores.other.close();
    });
    return stores;
  };

  describe(title, () => {
    test('an object is created, read, changed and deleted, for every process alike', async () => {
      const { store, other } = await opened();
      const draft = node('host-a', 40);
      const created = await store.create({
        ...draft,
        metadata: { ...draft.metadata, labels: { 'rtvm.dev/a': 'b' }, annotations: { note: 'c' } },
      });
      expect(created).toMatchObject({
        apiVersion: 'rtvm.dev/v1alpha1', kind: 'RealtimeNode',
        metadata: { name: 'host-a', generation: 1, labels: { 'rtvm.dev/a': 'b' }, annotations: { note: 'c' } },
        spec: draft.spec,
      });
      expect('status' in created).toBe(false);

      const updated = await store.update(withPriority(created, 41));
      expect(updated).toStrictEqual({
        ...withPriority(created, 41),
        metadata: { ...created.metadata, generation: 2, resourceVersion: updated.metadata.resourceVersion },
      });
      const reported = await store.updateStatus({ ...updated, status: { latency: { maxMicroseconds: 12 } } });
      expect(reported).toStrictEqual({
        ...updated, status: { latency: { maxMicroseconds: 12 } },
        metadata: { ...updated.metadata, resourceVersion: reported.metadata.resourceVersion },
      });
      expect(new Set([created, updated, reported].map(({ metadata }) => metadata.resourceVersion)).size).toBe(3);

      expect(await other.get('RealtimeNode', hostA)).toStrictEqual(reported);
      expect(await other.list('RealtimeNode')).toStrictEqual([reported]);
      expect(await other.list('RealtimeAllocation')).toStrictEqual([]);

      await other.delete('RealtimeNode', hostA);
      expect(await store.get('RealtimeNode', hostA)).toBeUndefined();
      const anew = await store.create(draft);
      expect(anew.metadata.uid).not.toBe(created.metadata.uid);
      expect(anew.metadata.generation).toBe(1);
    });

    test('spec and status are written apart, each by its own call', async () => {
      const { store } = await opened();
      const created = await store.create(node('host-a', 40));
      const status = { latency: { maxMicroseconds: 12 } };
      const both = { ...withPriority(created, 41), status };
      const updated = await store.update(both);
      expect([updated.spec.maxPriority, updated.status]).toStrictEqual([41, undefined]);
      const reported = await store.updateStatus({ ...withPriority(updated, 42), status });
      expect([reported.spec.maxPriority, reported.status]).toStrictEqual([41, status]);
      const wiped = await store.updateStatus({ ...reported, status: {} });
      expect(wiped.status).toStrictEqual({});
    });

    test('a writer that did not see the latest version conflicts, and changes nothing', async () => {
      const { store, other } = await opened();
      const old = await store.create(node('host-a'));
      const latest = await other.update(withLabel(old, 'one'));
      await expect(store.update(withLabel(old, 'two'))).rejects.toThrow(conflict);
      await expect(store.updateStatus({ ...old, status: { latency: { maxMicroseconds: 1 } } }))
        .rejects.toThrow(conflict);
      await expect(store.delete('RealtimeNode', hostA, { resourceVersion: old.metadata.resourceVersion }))
        .rejects.toThrow(conflict);
      await expect(store.delete('RealtimeNode', hostA, { uid: 'another' })).rejects.toThrow(conflict);
      expect(await store.get('RealtimeNode', hostA)).toStrictEqual(latest);
      await store.delete('RealtimeNode', hostA);
      const anew = await store.create(node('host-a'));
      await expect(other.update(withLabel(latest, 'three'))).rejects.toThrow(conflict);
      expect(await store.get('RealtimeNode', hostA)).toStrictEqual(anew);
    });

    test('a write that changes nothing keeps the version', async () => {
      const { store, other } = await opened();
      const created = await store.create(node('host-a'));
      expect(await store.update(structuredClone(created))).toStrictEqual(created);
      expect(await other.update(structuredClone(created))).toStrictEqual(created);
      const reported = await store.updateStatus({ ...created, status: { latency: { maxMicroseconds: 1 } } });
      expect(await store.updateStatus(structuredClone(reported))).toStrictEqual(reported);
      expect(await other.updateStatus(structuredClone(reported))).toStrictEqual(reported);
    });

    test('writers that read, decide and write again lose nothing', async () => {
      const { store, other } = await opened();
      await store.create(node('host-a'));
      const count = (with_: ResourceStore) => modify(with_, 'RealtimeNode', hostA, (object) => ({
        ...object, status: { latency: { maxMicroseconds: (object.status?.latency?.maxMicroseconds ?? 0) + 1 } },
      }), { write: 'updateStatus' });
      await Promise.all(Array.from({ length: 10 }, async (_, writer) => {
        for (let times = 0; times < 5; times += 1) await count(writer % 2 === 0 ? store : other);
      }));
      expect((await store.get('RealtimeNode', hostA))?.status?.latency).toStrictEqual({ maxMicroseconds: 50 });
    });

    test('finalizers hold an object until the last is gone', async () => {
      const { store } = await opened();
      const draft = node('host-a');
      const created = await store.create({
        ...draft, metadata: { ...draft.metadata, finalizers: ['rtvm.dev/guests'] },
      });
      await store.delete('RealtimeNode', hostA);
      await store.delete('RealtimeNode', hostA);
      const deleting = await store.get('RealtimeNode', hostA);
      expect(deleting?.metadata).toMatchObject({ uid: created.metadata.uid, finalizers: ['rtvm.dev/guests'] });
      expect(Date.parse(deleting!.metadata.deletionTimestamp!)).not.toBeNaN();
      await expect(store.update({
        ...deleting!, metadata: { ...deleting!.metadata, finalizers: ['rtvm.dev/guests', 'rtvm.dev/more'] },
      })).rejects.toThrow(expect.objectContaining({ code: 'INVALID' }));
      await modify(store, 'RealtimeNode', hostA, (object) => ({
        ...object, metadata: { ...object.metadata, finalizers: [] },
      }));
      expect(await store.get('RealtimeNode', hostA)).toBeUndefined();
    });

    test('what cannot be done is said', async () => {
      const { store } = await opened();
      const created = await store.create(node('host-a'));
      await expect(store.create(node('host-a')))
        .rejects.toThrow(refused('ALREADY_EXISTS', 'RealtimeNode host-a already exists'));
      await expect(store.create(node('../host'))).rejects.toThrow(expect.objectContaining({ code: 'INVALID' }));
      await expect(store.create(node('host-b', 100)))
        .rejects.toThrow(refused(
          'INVALID', 'RealtimeNode host-b is not valid: spec.maxPriority: 100: must be at most 99',
        ));
      await expect(store.update(withPriority(created, 0)))
        .rejects.toThrow(refused(
          'INVALID', 'RealtimeNode host-a is not valid: spec.maxPriority: 0: must be at least 1',
        ));
      await expect(store.delete('RealtimeNode', { name: 'host-b' }))
        .rejects.toThrow(refused('NOT_FOUND', 'there is no RealtimeNode host-b'));
      await expect(store.get('RealtimeVM', { name: 'a' }))
        .rejects.toThrow(refused('INVALID', 'RealtimeVM a: a namespace is required'));
      await expect(store.get('RealtimeNode', { namespace: 'default', name: 'a' }))
        .rejects.toThrow(refused(
          'INVALID', 'RealtimeNode a: belongs to the whole cluster and has no namespace, found "default"',
        ));
      await store.delete('RealtimeNode', hostA);
      await expect(store.update(withPriority(created, 1)))
        .rejects.toThrow(refused('NOT_FOUND', 'there is no RealtimeNode host-a'));
      await expect(modify(store, 'RealtimeNode', hostA, (object) => object))
        .rejects.toThrow(refused('NOT_FOUND', 'there is no RealtimeNode host-a'));
    });

    test('an aborted call changes nothing', async () => {
      const { store } = await opened();
      const signal = AbortSignal.abort(new Error('stopped'));
      await expect(store.create(node('host-a'), signal)).rejects.toThrow('stopped');
      await expect(store.list('RealtimeNode', { signal })).rejects.toThrow('stopped');
      expect(await store.list('RealtimeNode')).toStrictEqual([]);
    });

    test('lists are of one kind, and of one namespace where asked', async () => {
      const { store } = await opened();
      await store.create(node('a'));
      await store.create(image('default', 'a'));
      await store.create(image('lab', 'b'));
      const names = async (namespace?: string) =>
        (await store.list('RealtimeImage', { namespace }))
          .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
      expect(await names()).toStrictEqual(['default/a', 'lab/b']);
      expect(await names('lab')).toStrictEqual(['lab/b']);
    });

    test('events are counted when they are repeated, and belong to one object', async () => {
      const { store, other } = await opened();
      const { metadata: { uid } } = await store.create(node('host-a'));
      const about = { kind: 'RealtimeNode', namespace: undefined, name: 'host-a', uid } as const;
      const started: EventDraft = { about, type: 'Normal', reason: 'Started', message: 'started' };
      await store.recordEvent(started);
      await other.recordEvent(started);
      const said = await store.events(about);
      expect(said).toEqual([{
        ...started, count: 2, firstTimestamp: said[0]?.firstTimestamp, lastTimestamp: said[0]?.lastTimestamp,
      }]);
      expect(await store.events({ ...about, uid: 'another' })).toStrictEqual([]);
    });

    test('a watch tells what is, that it has told it, and then every change', async () => {
      const { store, other } = await opened();
      await store.create(node('host-a'));
      const { told, until, objects } = follow((signal) => store.watch('RealtimeNode', {}, signal));
      await until('it is synced', () => told.includes('synced'));
      const host = await other.create(node('host-b'));
      await until('host-b is told', () => told.includes('added host-b'));
      const changed = await other.update(withPriority(host, 1));
      await until('the change is told', () => told.includes('modified host-b'));
      expect(objects.get('host-b')).toStrictEqual(changed);
      await other.delete('RealtimeNode', hostA);
      await until('the deletion is told', () => told.includes('deleted host-a'));
      expect(told).toStrictEqual(['added host-a', 'synced', 'added host-b', 'modified host-b', 'deleted host-a']);
    });

    test('watches are of one kind, and of the namespace and name that were asked for', async () => {
      const { store } = await opened();
      const ofLab = follow((signal) => store.watch('RealtimeImage', { namespace: 'lab' }, signal));
      const ofOne = follow((signal) => store.watch('RealtimeImage', { namespace: 'lab', name: 'b' }, signal));
      await ofLab.until('it is synced', () => ofLab.told.includes('synced'));
      await ofOne.until('it is synced', () => ofOne.told.includes('synced'));
      await store.create(node('b'));
      await store.create(image('default', 'b'));
      await store.create(image('lab', 'a'));
      await store.create(image('lab', 'b'));
      await ofLab.until('both are told', () => ofLab.told.includes('added lab/b'));
      await ofOne.until('one is told', () => ofOne.told.includes('added lab/b'));
      expect(ofLab.told).toStrictEqual(['synced', 'added lab/a', 'added lab/b']);
      expect(ofOne.told).toStrictEqual(['synced', 'added lab/b']);
    });

    test('changes merge for a reader that is slow, and the last state always arrives', async () => {
      const { store, other } = await opened();
      await other.create(node('host-a'));
      const stop = new AbortController();
      const reader = store.watch('RealtimeNode', {}, stop.signal)[Symbol.asyncIterator]();
      expect([(await reader.next()).value, (await reader.next()).value])
        .toMatchObject([{ type: 'added' }, { type: 'synced' }]);
      const watched = follow((signal) => store.watch('RealtimeNode', {}, signal));
      await watched.until('it is synced', () => watched.told.includes('synced'));
      for (let count = 1; count <= 30; count += 1) {
        await modify(other, 'RealtimeNode', hostA, (object) => withLabel(object, String(count)));
      }
      const label = () =>
        (watched.objects.get('host-a') as { metadata: { labels?: Record<string, string> } } | undefined)
          ?.metadata.labels?.['rtvm.dev/test'];
      await watched.until('the last is told', () => label() === '30');
      expect((await reader.next()).value).toMatchObject({
        type: 'modified', object: { metadata: { labels: { 'rtvm.dev/test': '30' } } },
      });
      stop.abort();
      expect(await reader.next()).toStrictEqual({ done: true, value: undefined });
    });

    test('an object made anew under the same name is told as another', async () => {
      const { store, other } = await opened();
      const first = await store.create(node('host-a'));
      const { told, until, objects } = follow((signal) => store.watch('RealtimeNode', {}, signal));
      await until('it is synced', () => told.includes('synced'));
      await other.delete('RealtimeNode', hostA);
      const second = await other.create(node('host-a'));
      await until('the second is told', () => objects.get('host-a')?.metadata.uid === second.metadata.uid);
      expect(second.metadata.uid).not.toBe(first.metadata.uid);
      expect(told).toStrictEqual(['added host-a', 'synced', 'deleted host-a', 'added host-a']);
    });

    test('a watch ends when it is aborted, and when the store is closed', async () => {
      const { store } = await opened();
      const one = follow((signal) => store.watch('RealtimeNode', {}, signal));
      const two = follow((signal) => store.watch('RealtimeNode', {}, signal));
      await one.until('it is synced', () => one.told.includes('synced'));
      await two.until('it is synced', () => two.told.includes('synced'));
      one.stop.abort();
      await one.ended;
      await store.close();
      await two.ended;
      for await (const event of store.watch('RealtimeNode', {}, AbortSignal.abort())) {
        expect.unreachable(`told ${event.type}`);
      }
    });
  });
}
