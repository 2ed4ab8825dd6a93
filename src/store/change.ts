/** What each write does to an object: the rules for versions, generations and finalizers, which are those of the Kubernetes API. */
import { isDeepStrictEqual } from 'node:util';
import { apiVersion } from '../crds/metadata.ts';
import { formatRef } from '../crds/resource.ts';
import { ConflictError, StoreError } from './errors.ts';
import type { AnyStored, Draft } from './resource.ts';

/** What makes this write different from any other. */
export interface Stamp {
  readonly resourceVersion: string;
  readonly now: Date;
}

/** The parts of an object that its author writes, rather than a controller or the store. */
export interface Authored {
  readonly spec: unknown;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** A new object, without status. */
export function created(draft: Draft, uid: string, stamp: Stamp): AnyStored {
  const { name, namespace, labels, annotations, finalizers } = draft.metadata;
  return plain({
    apiVersion,
    kind: draft.kind,
    metadata: { name, namespace, uid, resourceVersion: stamp.resourceVersion, generation: 1, creationTimestamp: stamp.now.toISOString(), labels, annotations, finalizers: nonEmpty(finalizers) },
    spec: draft.spec,
  });
}

/**
 * The object with the writer's spec, labels, annotations and finalizers; its status stays.
 * @returns the very same object where nothing differs, so that no write is needed.
 * @throws ConflictError unless `wanted` was made from `current`; StoreError INVALID for a finalizer that comes after deletion was asked for.
 */
export function updated(current: AnyStored, wanted: AnyStored, stamp: Stamp): AnyStored {
  requireSame(current, wanted);
  const finalizers = nonEmpty(wanted.metadata.finalizers);
  const added = finalizers?.filter((finalizer) => current.metadata.finalizers?.includes(finalizer) !== true) ?? [];
  if (current.metadata.deletionTimestamp !== undefined && added.length > 0) {
    throw new StoreError('INVALID', `${describe(current)}: metadata.finalizers: ${added.join(', ')} cannot be added, since the object is being deleted; finalizers can only be removed now`);
  }
  const { labels, annotations } = wanted.metadata;
  return next(current, { ...current, spec: wanted.spec, metadata: { ...current.metadata, labels, annotations, finalizers } }, stamp);
}

/** The object with the writer's status and nothing else of the writer's. As {@link updated} in all else. */
export function withStatus(current: AnyStored, wanted: AnyStored, stamp: Stamp): AnyStored {
  requireSame(current, wanted);
  return next(current, { ...current, status: wanted.status }, stamp);
}

/** The object with what its author says now; no precondition, since the author does not read first. */
export function authored(current: AnyStored, author: Authored, stamp: Stamp): AnyStored {
  const { labels, annotations } = author;
  return next(current, { ...current, metadata: { ...current.metadata, labels, annotations }, spec: author.spec }, stamp);
}

/** The object, marked for deletion; the same object where it already was. */
export function marked(current: AnyStored, stamp: Stamp): AnyStored {
  if (current.metadata.deletionTimestamp !== undefined) return current;
  return next(current, { ...current, metadata: { ...current.metadata, deletionTimestamp: stamp.now.toISOString() } }, stamp);
}

/** Nothing holds the object any more: deletion was asked for, and no finalizer is left. */
export function isGone(object: AnyStored): boolean {
  return object.metadata.deletionTimestamp !== undefined && (object.metadata.finalizers ?? []).length === 0;
}

/** The version after a given one, as text. */
export function versionAfter(resourceVersion: string): string {
  return String(BigInt(resourceVersion) + 1n);
}

function next(current: AnyStored, wanted: AnyStored, stamp: Stamp): AnyStored {
  const result = plain(wanted);
  if (isDeepStrictEqual(result, current)) return current;
  const generation = current.metadata.generation + (isDeepStrictEqual(result.spec, current.spec) ? 0 : 1);
  return { ...result, metadata: { ...result.metadata, resourceVersion: stamp.resourceVersion, generation } };
}

function requireSame(current: AnyStored, wanted: AnyStored): void {
  if (wanted.metadata.uid !== current.metadata.uid) {
    throw new ConflictError(`${describe(current)} is not the object that was read: that one (uid ${wanted.metadata.uid}) was deleted, and this one (uid ${current.metadata.uid}) was made anew. Read it again`);
  }
  if (wanted.metadata.resourceVersion !== current.metadata.resourceVersion) {
    throw new ConflictError(`${describe(current)} has changed since it was read (resource version ${wanted.metadata.resourceVersion}, now ${current.metadata.resourceVersion}). Read it again`);
  }
}

function describe({ kind, metadata: { namespace, name } }: AnyStored): string {
  return formatRef({ kind, namespace, name });
}

function nonEmpty<Item>(items: readonly Item[] | undefined): readonly Item[] | undefined {
  return items === undefined || items.length === 0 ? undefined : items;
}

/** The value as it reads back from storage: absent fields are absent, not undefined. */
export function plain<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value)) as Value;
}
