import fc from 'fast-check';
import { expect, test } from 'vitest';
import { created, isGone, marked, updated, withStatus } from './change.ts';
import { node } from './directory/testing/samples.ts';
import type { AnyStored, StoredMetadata } from './resource.ts';

const now = new Date('2026-01-31T12:00:00Z');
const later = { resourceVersion: '8', now };
const draft = node('host-a', 40);
const object = created({ ...draft, metadata: { ...draft.metadata, finalizers: ['rtvm.dev/one', 'rtvm.dev/two'] } }, 'uid-1', { resourceVersion: '7', now });

function withMetadata(metadata: Partial<StoredMetadata>): AnyStored {
  return { ...object, metadata: { ...object.metadata, ...metadata } };
}

test('a new object has its identity, its first generation, and no status', () => {
  expect(object).toStrictEqual({
    apiVersion: 'rtvm.dev/v1alpha1',
    kind: 'RealtimeNode',
    metadata: { name: 'host-a', uid: 'uid-1', resourceVersion: '7', generation: 1, creationTimestamp: '2026-01-31T12:00:00.000Z', finalizers: ['rtvm.dev/one', 'rtvm.dev/two'] },
    spec: draft.spec,
  });
});

test('a changed spec raises the generation; status and identity are not the writer\'s', () => {
  const wanted = { ...withMetadata({ creationTimestamp: 'never', generation: 99 }), spec: { maxPriority: 1 }, status: { forged: true } };
  expect(updated(object, wanted, later)).toStrictEqual({ ...object, spec: { maxPriority: 1 }, metadata: { ...object.metadata, resourceVersion: '8', generation: 2 } });
});

test('labels change the version and not the generation', () => {
  expect(updated(object, withMetadata({ labels: { a: 'b' } }), later)).toStrictEqual(withMetadata({ labels: { a: 'b' }, resourceVersion: '8' }));
});

test('a status is written alone', () => {
  const wanted = { ...withMetadata({ labels: { a: 'b' }, finalizers: [] }), spec: {}, status: { ready: true } };
  expect(withStatus(object, wanted, later)).toStrictEqual({ ...object, status: { ready: true }, metadata: { ...object.metadata, resourceVersion: '8' } });
});

test('what changes nothing is no write', () => {
  const copy = structuredClone(object);
  expect(updated(object, { ...copy, status: 'ignored' }, later)).toBe(object);
  expect(withStatus(object, { ...copy, spec: 'ignored' }, later)).toBe(object);
  const deleted = marked(object, later);
  expect(marked(deleted, { ...later, resourceVersion: '9' })).toBe(deleted);
});

test.each([
  ['another version', withMetadata({ resourceVersion: '6' }), 'RealtimeNode host-a has changed since it was read (resource version 6, now 7). Read it again'],
  ['another object', withMetadata({ uid: 'uid-0' }), 'RealtimeNode host-a is not the object that was read: that one (uid uid-0) was deleted, and this one (uid uid-1) was made anew. Read it again'],
])('a writer that read %s conflicts', (_what, wanted, message) => {
  for (const write of [updated, withStatus]) expect(() => write(object, wanted, later)).toThrow(expect.objectContaining({ code: 'CONFLICT', message }));
});

test('deletion waits for the last finalizer, and takes no new one', () => {
  const deleted = marked(object, later);
  expect(deleted).toStrictEqual(withMetadata({ resourceVersion: '8', deletionTimestamp: '2026-01-31T12:00:00.000Z' }));
  expect([object, deleted].map(isGone)).toStrictEqual([false, false]);
  const at = (finalizers: readonly string[]) => ({ ...deleted, metadata: { ...deleted.metadata, finalizers } });
  expect(isGone(updated(deleted, at(['rtvm.dev/two']), later))).toBe(false);
  expect(isGone(updated(deleted, at([]), later))).toBe(true);
  expect(() => updated(deleted, at(['rtvm.dev/three']), later)).toThrow(expect.objectContaining({ code: 'INVALID', message: 'RealtimeNode host-a: metadata.finalizers: rtvm.dev/three cannot be added, since the object is being deleted; finalizers can only be removed now' }));
});

test('the generation rises exactly when the spec differs', () => {
  fc.assert(fc.property(fc.jsonValue(), fc.jsonValue(), (before, after) => {
    const current: AnyStored = { ...object, spec: JSON.parse(JSON.stringify({ value: before })) as unknown };
    const wanted: AnyStored = { ...current, spec: JSON.parse(JSON.stringify({ value: after })) as unknown };
    const rises = JSON.stringify(sorted(before)) !== JSON.stringify(sorted(after));
    expect(updated(current, wanted, later).metadata.generation).toBe(rises ? 2 : 1);
  }));
});

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return { keys: Object.entries(value).map(([key, item]) => [key, sorted(item)] as const).sort(([one], [other]) => (one < other ? -1 : 1)) };
}
