import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { modify } from '../modify.ts';
import { node, vmYaml, withLabel, withPriority } from './testing/samples.ts';
import { openStore, testTime } from './testing/temporary.ts';

const uid: unknown = expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
const hostA = { name: 'host-a' };

test('an object is created, read, changed and deleted, and outlives the process', async () => {
  const { directory, store } = await openStore();
  const created = await store.create(node('host-a', 40));
  expect(created).toStrictEqual({
    apiVersion: 'rtvm.dev/v1alpha1',
    kind: 'RealtimeNode',
    metadata: { name: 'host-a', uid, resourceVersion: '1', generation: 1, creationTimestamp: testTime },
    spec: node('host-a', 40).spec,
  });

  const updated = await store.update(withPriority(created, 41));
  expect(updated).toStrictEqual({ ...withPriority(created, 41), metadata: { ...created.metadata, resourceVersion: '2', generation: 2 } });
  const reported = await store.updateStatus({ ...updated, status: { latency: { maxMicroseconds: 12 } } });
  expect(reported).toStrictEqual({ ...updated, status: { latency: { maxMicroseconds: 12 } }, metadata: { ...updated.metadata, resourceVersion: '3' } });

  const { store: other } = await openStore(directory);
  expect(await other.get('RealtimeNode', hostA)).toStrictEqual(reported);
  expect(await other.list('RealtimeNode')).toStrictEqual([reported]);
  expect(await other.list('RealtimeAllocation')).toStrictEqual([]);

  await other.delete('RealtimeNode', hostA);
  expect(await store.get('RealtimeNode', hostA)).toBeUndefined();
  const anew = await store.create(node('host-a', 40));
  expect(anew.metadata.uid).not.toBe(created.metadata.uid);
  expect(anew.metadata).toMatchObject({ resourceVersion: '5', generation: 1 });
});

test('a writer that did not see the latest version conflicts, and changes nothing', async () => {
  const { store } = await openStore();
  const old = await store.create(node('host-a'));
  const latest = await store.update(withLabel(old, 'one'));
  const conflict = expect.objectContaining({ code: 'CONFLICT' }) as unknown;
  await expect(store.update(withLabel(old, 'two'))).rejects.toThrow(conflict);
  await expect(store.updateStatus({ ...old, status: {} })).rejects.toThrow(conflict);
  await expect(store.delete('RealtimeNode', hostA, { resourceVersion: '1' })).rejects.toThrow(conflict);
  await expect(store.delete('RealtimeNode', hostA, { uid: 'another' })).rejects.toThrow(conflict);
  expect(await store.get('RealtimeNode', hostA)).toStrictEqual(latest);
});

test('a write that changes nothing keeps the version', async () => {
  const { store } = await openStore();
  const created = await store.create(node('host-a'));
  expect(await store.update(structuredClone(created))).toStrictEqual(created);
  expect(await store.updateStatus(structuredClone(created))).toStrictEqual(created);
});

test('finalizers hold an object until the last is gone', async () => {
  const { directory, store } = await openStore();
  const draft = node('host-a');
  const created = await store.create({ ...draft, metadata: { ...draft.metadata, finalizers: ['rtvm.dev/guests'] } });
  await store.delete('RealtimeNode', hostA);
  await store.delete('RealtimeNode', hostA);
  const deleting = await store.get('RealtimeNode', hostA);
  expect(deleting).toStrictEqual({ ...created, metadata: { ...created.metadata, resourceVersion: '2', deletionTimestamp: testTime } });

  await store.recordEvent({ about: { kind: 'RealtimeNode', ...created.metadata }, type: 'Normal', reason: 'Draining', message: 'guests are being removed' });
  await modify(store, 'RealtimeNode', hostA, (object) => ({ ...object, metadata: { ...object.metadata, finalizers: [] } }));
  expect(await store.get('RealtimeNode', hostA)).toBeUndefined();
  expect(await readdir(path.join(directory, 'state', 'objects'))).toStrictEqual([]);
  expect(await readdir(path.join(directory, 'state', 'events'))).toStrictEqual([]);
});

test('what cannot be done is said', async () => {
  const { store } = await openStore();
  const created = await store.create(node('host-a'));
  const fails = (code: string, message: string): unknown => expect.objectContaining({ code, message });
  await expect(store.create(node('host-a'))).rejects.toThrow(fails('ALREADY_EXISTS', 'RealtimeNode host-a already exists'));
  await expect(store.create(node('../host'))).rejects.toThrow(expect.objectContaining({ code: 'INVALID' }));
  await expect(store.create(node('host-b', 100))).rejects.toThrow(fails('INVALID', 'RealtimeNode host-b is not valid: spec.maxPriority: 100: must be at most 99'));
  await expect(store.update(withPriority(created, 0))).rejects.toThrow(fails('INVALID', 'RealtimeNode host-a is not valid: spec.maxPriority: 0: must be at least 1'));
  await expect(store.delete('RealtimeNode', { name: 'host-b' })).rejects.toThrow(fails('NOT_FOUND', 'there is no RealtimeNode host-b'));
  await expect(store.get('RealtimeVM', { name: 'a' })).rejects.toThrow(fails('INVALID', 'RealtimeVM a: a namespace is required'));
  await expect(store.get('RealtimeNode', { namespace: 'default', name: 'a' })).rejects.toThrow(fails('INVALID', 'RealtimeNode a: belongs to the whole cluster and has no namespace, found "default"'));
  await store.delete('RealtimeNode', hostA);
  await expect(store.update(created)).rejects.toThrow(fails('NOT_FOUND', 'there is no RealtimeNode host-a'));
  await expect(modify(store, 'RealtimeNode', hostA, (object) => object)).rejects.toThrow(fails('NOT_FOUND', 'there is no RealtimeNode host-a'));
});

test('an aborted call changes nothing', async () => {
  const { store } = await openStore();
  const signal = AbortSignal.abort(new Error('stopped'));
  await expect(store.create(node('host-a'), signal)).rejects.toThrow('stopped');
  await expect(store.list('RealtimeNode', { signal })).rejects.toThrow('stopped');
  expect(await store.list('RealtimeNode')).toStrictEqual([]);
});

test('lists are of one kind, and of one namespace where asked', async () => {
  const { store } = await openStore();
  await store.create(node('a'));
  await store.applyManifests([{ file: 'vms.yaml', text: [vmYaml('a'), vmYaml('b').replace('{name: b}', '{name: b, namespace: lab}')].join('---\n') }]);
  const names = async (namespace?: string) => (await store.list('RealtimeVM', { namespace })).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  expect(await names()).toStrictEqual(['default/a', 'lab/b']);
  expect(await names('lab')).toStrictEqual(['lab/b']);
});

test('the longest names that are allowed have files', async () => {
  const { directory, store } = await openStore();
  const longest = ['a', 'b'].map((last) => `${'x'.repeat(62)}.`.repeat(4).slice(0, 252) + last);
  for (const name of longest) await store.create(node(name));
  expect((await store.list('RealtimeNode')).map(({ metadata }) => metadata.name).sort()).toStrictEqual(longest);
  expect(await readdir(path.join(directory, 'state', 'objects'))).toHaveLength(2);
});
