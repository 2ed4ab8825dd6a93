/** Reading and writing single objects of any kind through the API server. */
import { StoreError, isStoreError } from '../errors.ts';
import type { ObjectKey } from '../resource.ts';
import { describeTarget } from './api-resource.ts';
import type { ApiResource, ApiTarget } from './api-resource.ts';
import { asWireObject } from './decode.ts';
import type { Decode } from './decode.ts';
import { formatProblems } from '../../crds/document-problem.ts';
import { listAll } from './paged-list.ts';
import type { Selectors } from './paged-list.ts';
import type { Rest } from './rest.ts';

/** A kind: where it is, and how it is read. */
export interface Accessor<Shown> {
  readonly resource: ApiResource;
  readonly decode: Decode<Shown>;
}

/** Objects that this version cannot read are left out. */
export async function listObjects<Shown>(rest: Rest, { resource, decode }: Accessor<Shown>, namespace: string | undefined, selectors: Selectors, signal: AbortSignal | undefined): Promise<readonly Shown[]> {
  const { items } = await listAll(rest, { resource, namespace }, selectors, signal);
  return items.map(decode).flatMap((decoded) => ('object' in decoded ? [decoded.object] : []));
}

/** @returns undefined where there is none. @throws StoreError DAMAGED for one that this version cannot read. */
export async function getObject<Shown>(rest: Rest, accessor: Accessor<Shown>, key: ObjectKey, signal: AbortSignal | undefined): Promise<Shown | undefined> {
  const target = targetOf(accessor, key);
  try {
    return read(accessor, target, await rest.json({ verb: 'get', target }, { signal }));
  } catch (error) {
    if (isStoreError(error, 'NOT_FOUND')) return undefined;
    throw error;
  }
}

export async function createObject<Shown>(rest: Rest, accessor: Accessor<Shown>, key: ObjectKey, body: unknown, signal: AbortSignal | undefined): Promise<Shown> {
  const target = targetOf(accessor, key);
  return read(accessor, target, await rest.json({ verb: 'create', target, body }, { signal }));
}

/** Replaces the object, or its status; the body carries the uid and version that must still hold. */
export async function replaceObject<Shown>(rest: Rest, accessor: Accessor<Shown>, key: ObjectKey, subresource: 'status' | undefined, body: unknown, signal: AbortSignal | undefined): Promise<Shown> {
  const target = { ...targetOf(accessor, key), subresource };
  return read(accessor, target, await rest.json({ verb: 'update', target, body }, { signal }));
}

/** Merges the patch into the object (RFC 7386); it carries the uid and version that must still hold. */
export async function patchObject<Shown>(rest: Rest, accessor: Accessor<Shown>, key: ObjectKey, patch: unknown, signal: AbortSignal | undefined): Promise<Shown> {
  const target = targetOf(accessor, key);
  return read(accessor, target, await rest.json({ verb: 'patch', target, body: patch }, { signal }));
}

export async function deleteObject(rest: Rest, accessor: Accessor<unknown>, key: ObjectKey, preconditions: { readonly uid?: string; readonly resourceVersion?: string } | undefined, signal: AbortSignal | undefined): Promise<void> {
  const body = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background', ...(preconditions === undefined ? {} : { preconditions }) };
  await rest.json({ verb: 'delete', target: targetOf(accessor, key), body }, { signal });
}

function targetOf({ resource }: { readonly resource: ApiResource }, { namespace, name }: ObjectKey): ApiTarget {
  return { resource, namespace, name };
}

function read<Shown>({ decode }: Accessor<Shown>, target: ApiTarget, answer: unknown): Shown {
  const decoded = decode(asWireObject(answer));
  if ('object' in decoded) return decoded.object;
  throw new StoreError('DAMAGED', `${describeTarget(target)} cannot be read by this version: ${formatProblems(decoded.problems)}`);
}
