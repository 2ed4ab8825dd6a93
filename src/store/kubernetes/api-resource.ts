/** Where the API server keeps each kind: group, version and path. */
import { apiVersion } from '../../crds/metadata.ts';
import { kinds } from '../../crds/resource.ts';
import type { Kind } from '../../crds/resource.ts';
import { StoreError } from '../errors.ts';
import type { ForeignKind } from '../foreign.ts';

export interface ApiResource {
  readonly kind: string;
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

/** What a request is about: one object, or all of a namespace or of the cluster. */
export interface ApiTarget {
  readonly resource: ApiResource;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly subresource?: 'status' | undefined;
  /** What a pod itself answers, through the API server: its port, and the path there. Needs a name. */
  readonly proxy?: { readonly port: number; readonly path: string } | undefined;
}

export function ownResource(kind: Kind): ApiResource {
  const { plural, scope } = kinds[kind];
  return { kind, ...groupVersion(apiVersion), plural, namespaced: scope === 'Namespaced' };
}

export const foreignResources: Readonly<Record<ForeignKind, ApiResource>> = {
  Node: { kind: 'Node', ...groupVersion('v1'), plural: 'nodes', namespaced: false },
  Namespace: { kind: 'Namespace', ...groupVersion('v1'), plural: 'namespaces', namespaced: false },
  Lease: { kind: 'Lease', ...groupVersion('coordination.k8s.io/v1'), plural: 'leases', namespaced: true },
  Pod: { kind: 'Pod', ...groupVersion('v1'), plural: 'pods', namespaced: true },
  PodDisruptionBudget: { kind: 'PodDisruptionBudget', ...groupVersion('policy/v1'), plural: 'poddisruptionbudgets', namespaced: true },
};

/** Core events rather than events.k8s.io: every server has both, on the same storage, and these are what `kubectl describe` shows counted. */
export const eventResource: ApiResource = { kind: 'Event', ...groupVersion('v1'), plural: 'events', namespaced: true };

/** `v1`, `rtvm.dev/v1alpha1`. */
export function apiVersionOf({ group, version }: ApiResource): string {
  return group === '' ? version : `${group}/${version}`;
}

/** `realtimevms.rtvm.dev`, as the API server's own messages say it. */
export function qualifiedPlural({ group, plural }: ApiResource): string {
  return group === '' ? plural : `${plural}.${group}`;
}

/**
 * The path of a target.
 * @throws StoreError INVALID for a namespace or name that would be another path; only what the API server accepts as a name passes.
 */
export function pathOf({ resource, namespace, name, subresource, proxy }: ApiTarget): string {
  const root = resource.group === '' ? ['api'] : ['apis', resource.group];
  const within = namespace === undefined ? [] : ['namespaces', segment(resource, 'metadata.namespace', namespace)];
  const object = name === undefined ? [] : [segment(resource, 'metadata.name', name)];
  if (proxy !== undefined) return `${['', ...root, resource.version, ...within, resource.plural, ...object].join('/')}:${proxy.port}/proxy${proxy.path}`;
  return ['', ...root, resource.version, ...within, resource.plural, ...object, ...(subresource === undefined ? [] : [subresource])].join('/');
}

/** As a role names what a request is about: `realtimevms`, `realtimevms/status`, `pods/proxy`. */
export function resourceOf({ resource: { plural }, subresource, proxy }: ApiTarget): string {
  const part = proxy === undefined ? subresource : 'proxy';
  return part === undefined ? plural : `${plural}/${part}`;
}

/** `Lease rtvm-system/controller`, or `leases` where there is no name. */
export function describeTarget({ resource, namespace, name }: ApiTarget): string {
  if (name === undefined) return namespace === undefined ? resource.plural : `${resource.plural} in namespace ${namespace}`;
  return `${resource.kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}

function segment({ kind }: ApiResource, field: string, text: string): string {
  if (/^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$/.test(text)) return text;
  throw new StoreError('INVALID', `${kind}: ${field}: ${JSON.stringify(text)} cannot be a name; accepted: at most 253 lower-case letters, digits, "-" and ".", with a letter or digit at both ends`);
}

function groupVersion(text: string): { readonly group: string; readonly version: string } {
  const [group, version] = text.split('/') as [string, string?];
  return version === undefined ? { group: '', version: group } : { group, version };
}
