/** From the wire to the objects that callers see, and back: what is dropped for reading is never dropped by writing. */
import { isDeepStrictEqual } from 'node:util';
import { explainIssue } from '../../crds/explain-issue.ts';
import { apiVersion } from '../../crds/metadata.ts';
import { kinds } from '../../crds/resource.ts';
import type { Kind } from '../../crds/resource.ts';
import type { DocumentProblem } from '../../crds/document-problem.ts';
import { StoreError } from '../errors.ts';
import type { ForeignByKind, ForeignKind } from '../foreign.ts';
import { parseIgnoringNewer } from '../newer-fields.ts';
import type { Stored, StoredMetadata } from '../resource.ts';
import { quote } from './api-error.ts';
import { ownResource, pathOf } from './api-resource.ts';

/** An object as the server sends it. */
export interface WireObject {
  readonly metadata: StoredMetadata & { managedFields?: unknown };
  readonly spec?: unknown;
  readonly status?: unknown;
}

/** An object, or why it cannot be read by this version. */
export type Decoded<Shown> = { readonly object: Shown } | { readonly problems: readonly DocumentProblem[] };

/** Reads one kind from the wire. */
export type Decode<Shown> = (wire: WireObject) => Decoded<Shown>;

/** @throws StoreError UNAVAILABLE for an answer that is no object: a proxy's, for one. */
export function asWireObject(value: unknown): WireObject {
  if (isWireObject(value)) return value;
  throw new StoreError('UNAVAILABLE', `the API server's answer is not an object with metadata.name, uid and resourceVersion: ${quote(value)}`);
}

/** What the server sent, by the spec that was made of it, for those specs in which something was left out or put in. */
const wholeSpecs = new WeakMap<object, unknown>();

/** The spec to write for an object: where it is one that was read and has not been changed, with the fields that reading left out. */
export function wholeSpec(spec: object): unknown {
  return wholeSpecs.get(spec) ?? spec;
}

/**
 * One of ours. Fields that this version does not know are left out, so that a controller goes on working while the CRDs are newer than
 * it is; {@link wholeSpec} has them when the spec is written back.
 */
export function decodeOwn<K extends Kind>(kind: K): Decode<Stored<K>> {
  const { schema } = kinds[kind];
  return ({ metadata, spec, status }) => {
    const { name, namespace } = metadata;
    const bare = { ...envelope(kind), metadata: { name, ...(namespace === undefined ? {} : { namespace }) }, spec, ...(status === undefined ? {} : { status }) };
    const parsed = parseIgnoringNewer(schema, bare);
    if (parsed.success) {
      const { spec: readSpec, status: readStatus } = parsed.data as unknown as { readonly spec: object; readonly status?: unknown };
      // Defaults that reading adds, too: writing them would raise the generation of a spec that nobody has changed.
      if (!isDeepStrictEqual(readSpec, spec)) wholeSpecs.set(readSpec, spec);
      const object = { ...envelope(kind), metadata: withoutManagedFields(metadata), spec: readSpec, ...(readStatus === undefined ? {} : { status: readStatus }) };
      return { object: object as unknown as Stored<K> };
    }
    const where = { file: pathOf({ resource: ownResource(kind), namespace, name }), resource: { kind, namespace, name } };
    return { problems: parsed.error.issues.flatMap((issue) => explainIssue(issue, schema, bare)).map((problem) => ({ ...problem, ...where })) };
  };
}

/** One that is not ours: as it is, without what nobody reads. */
export function decodeForeign<K extends ForeignKind>(kind: K): Decode<ForeignByKind[K]> {
  return (wire) => {
    const object = { ...wire, metadata: withoutManagedFields(wire.metadata) };
    return { object: (kind === 'Node' ? bareNode(object) : object) as ForeignByKind[K] };
  };
}

/** A whole Node is some 20 KB, nearly all of it images; and a kubelet writes it every few minutes. */
function bareNode({ metadata, spec, status }: WireObject): unknown {
  const { unschedulable, taints } = (spec ?? {}) as ForeignByKind['Node']['spec'];
  const conditions = ((status ?? {}) as ForeignByKind['Node']['status']).conditions?.map(({ type, status: holds }) => ({ type, status: holds }));
  return { metadata, spec: { unschedulable, taints }, status: { conditions } };
}

function withoutManagedFields(metadata: WireObject['metadata']): StoredMetadata {
  const rest = { ...metadata };
  delete rest.managedFields;
  return rest;
}

function envelope(kind: Kind): { readonly apiVersion: string; readonly kind: Kind } {
  return { apiVersion, kind };
}

function isWireObject(value: unknown): value is WireObject {
  if (typeof value !== 'object' || value === null || !('metadata' in value)) return false;
  const { metadata } = value;
  return typeof metadata === 'object' && metadata !== null
    && 'name' in metadata && typeof metadata.name === 'string'
    && 'uid' in metadata && typeof metadata.uid === 'string'
    && 'resourceVersion' in metadata && typeof metadata.resourceVersion === 'string';
}
