/** The store on a Kubernetes API server: our own kinds, and the few others that a controller needs. */
import { isDeepStrictEqual } from 'node:util';
import type { KubeConfig } from '@kubernetes/client-node';
import { apiVersion } from '../../crds/metadata.ts';
import type { Kind } from '../../crds/resource.ts';
import { plain } from '../change.ts';
import type { Clock } from '../../runtime/clock.ts';
import { objectKey } from '../../runtime/object-key.ts';
import type { Random } from '../../runtime/random.ts';
import type { ClusterStore, ForeignScope } from '../cluster-store.ts';
import type { EventDraft, EventSubject, RecordedEvent } from '../event.ts';
import type { ForeignByKind, ForeignDraft, ForeignKind, WritableForeignKind } from '../foreign.ts';
import type { StoreProblem } from '../problem.ts';
import type { ResourceStore } from '../resource-store.ts';
import type { AnyStored, Draft, ObjectKey, Stored } from '../resource.ts';
import { refTo, valid } from '../validate.ts';
import type { WatchEvent } from '../watch-event.ts';
import { apiVersionOf, foreignResources, ownResource, qualifiedPlural } from './api-resource.ts';
import { decodeForeign, decodeOwn, wholeSpec } from './decode.ts';
import { EventRecorder } from './event-recorder.ts';
import { HttpsTransport } from './https-transport.ts';
import { createObject, deleteObject, getObject, listObjects, patchObject, replaceObject } from './objects.ts';
import type { Accessor } from './objects.ts';
import { Recent } from './recent.ts';
import { Reflectors, requireScope } from './reflectors.ts';
import { Rest } from './rest.ts';
import type { RequestSeen } from './rest.ts';
import type { Transport } from './transport.ts';
import type { WatchTiming } from './watch-stream.ts';

export interface KubernetesStoreOptions {
  /** Called again when credentials are refused; see {@link loadKubeConfig}. */
  readonly loadConfig: () => KubeConfig;
  /** Names this program in audit logs and as the source of events: `rtvm-controller`. */
  readonly component: string;
  /** Called with every HTTP request that was answered or failed. */
  readonly onRequest?: ((seen: RequestSeen) => void) | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  readonly watchTiming?: WatchTiming | undefined;
}

/** What views of one store share. */
interface Parts {
  readonly rest: Rest;
  readonly reflectors: Reflectors;
  readonly recorder: EventRecorder;
  /** Objects of ours as they were last read or written here, by {@link recentKey}: for finding out that nothing differs. */
  readonly recent: Recent<Stored>;
}

const recentObjects = 1024;

/**
 * @throws Error where there is no cluster to talk to. Nothing is sent yet.
 */
export function openKubernetesStore({ loadConfig, component, ...options }: KubernetesStoreOptions): KubernetesStore {
  const transport = new HttpsTransport({ loadConfig, userAgent: component, clock: options.clock });
  return kubernetesStoreOver(transport, { component, ...options });
}

/** The same over any transport. */
export function kubernetesStoreOver(
  transport: Transport,
  { component, onRequest, clock, random, watchTiming }: Omit<KubernetesStoreOptions, 'loadConfig'>,
): KubernetesStore {
  const rest = new Rest({ transport, onRequest, clock, random });
  return new KubernetesStore({ rest, reflectors: new Reflectors(rest, watchTiming), recorder: new EventRecorder(rest, component), recent: new Recent(recentObjects) });
}

export class KubernetesStore implements ResourceStore, ClusterStore {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * A view of the same store (watches, connections and all) whose writes are sent only if `guard`, called as the last thing before
   * each, does not throw: what {@link Leadership} has it for. Closing any view closes the store.
   */
  guarded(guard: () => void): KubernetesStore {
    const rest = this.#parts.rest.guarded(guard);
    return new KubernetesStore({ ...this.#parts, rest, recorder: this.#parts.recorder.through(rest) });
  }

  async list<K extends Kind>(kind: K, { namespace, signal }: { readonly namespace?: string | undefined; readonly signal?: AbortSignal | undefined } = {}): Promise<readonly Stored<K>[]> {
    return this.#list(own(kind), { namespace }, signal);
  }

  async get<K extends Kind>(kind: K, key: ObjectKey, signal?: AbortSignal): Promise<Stored<K> | undefined> {
    const object = await getObject(this.#parts.rest, own(kind), refTo(kind, key), signal);
    return object === undefined ? undefined : this.#remember(object);
  }

  watch<K extends Kind>(kind: K, scope: { readonly namespace?: string | undefined; readonly name?: string | undefined }, signal: AbortSignal): AsyncGenerator<WatchEvent<Stored<K>>, void, undefined> {
    return this.#watch(own(kind), scope, signal);
  }

  async create<K extends Kind>({ kind, metadata, spec }: Draft<K>, signal?: AbortSignal): Promise<Stored<K>> {
    const key = refTo(kind, metadata);
    const { name, namespace, labels, annotations, finalizers } = metadata;
    const checked = valid({ apiVersion, kind, metadata: plain({ name, namespace, labels, annotations, finalizers }) as Stored['metadata'], spec });
    return this.#remember(await createObject(this.#parts.rest, own(kind), key, checked, signal));
  }

  async update<K extends Kind>(object: Stored<K>, signal?: AbortSignal): Promise<Stored<K>> {
    const { spec } = validParts(object);
    const before = this.#asRead(object);
    if (before !== undefined && isDeepStrictEqual(authoredParts({ ...object, spec }), authoredParts(before))) return before;
    const body = { apiVersion, kind: object.kind, metadata: object.metadata, spec: wholeSpecOf(object, spec) };
    return this.#remember(await replaceObject(this.#parts.rest, own(object.kind), refTo(object.kind, object.metadata), undefined, body, signal));
  }

  async updateStatus<K extends Kind>(object: Stored<K>, signal?: AbortSignal): Promise<Stored<K>> {
    const { spec, status } = validParts(object);
    const before = this.#asRead(object);
    if (before !== undefined && isDeepStrictEqual(status, (before as AnyStored).status)) return before;
    const body = { apiVersion, kind: object.kind, metadata: object.metadata, spec: wholeSpecOf(object, spec), status };
    return this.#remember(await replaceObject(this.#parts.rest, own(object.kind), refTo(object.kind, object.metadata), 'status', body, signal));
  }

  async delete(kind: Kind, key: ObjectKey, precondition?: { readonly uid?: string; readonly resourceVersion?: string }, signal?: AbortSignal): Promise<void> {
    await deleteObject(this.#parts.rest, own(kind), refTo(kind, key), precondition, signal);
  }

  /**
   * Merges spec and annotations into an object, if it is still as it was read; null takes a field away. What the patch does not name
   * stays whose it is: with {@link update}, a person's tool would write every field of the object.
   * @throws ConflictError, or StoreError NOT_FOUND, INVALID, FORBIDDEN.
   */
  async patch<K extends Kind>(object: Stored<K>, { spec, annotations }: { readonly spec?: object; readonly annotations?: Readonly<Record<string, string | null>> }, signal?: AbortSignal): Promise<Stored<K>> {
    const { uid, resourceVersion } = object.metadata;
    const body = { metadata: { uid, resourceVersion, ...(annotations === undefined ? {} : { annotations }) }, ...(spec === undefined ? {} : { spec }) };
    return this.#remember(await patchObject(this.#parts.rest, own(object.kind), refTo(object.kind, object.metadata), body, signal));
  }

  /**
   * What a pod answers to GET on one of its ports, through the API server.
   * @throws StoreError NOT_FOUND, FORBIDDEN (`pods/proxy`), UNAVAILABLE where the pod does not answer.
   */
  async podText(pod: ObjectKey, { port, path }: { readonly port: number; readonly path: string }, signal?: AbortSignal): Promise<string> {
    const target = { resource: foreignResources.Pod, namespace: pod.namespace, name: pod.name, proxy: { port, path } };
    return this.#parts.rest.text({ verb: 'get', target }, { signal, attempts: 1 });
  }

  /** What the server's clock said with its last answer, in whole seconds; undefined before that. */
  get serverTime(): Date | undefined {
    return this.#parts.rest.serverTime;
  }

  async recordEvent(event: EventDraft, signal?: AbortSignal): Promise<void> {
    await this.#parts.recorder.record(event, signal);
  }

  async events(about: EventSubject, signal?: AbortSignal): Promise<readonly RecordedEvent[]> {
    return this.#parts.recorder.about(about, signal);
  }

  /** Of what is being watched: objects that this version cannot read, and kinds that cannot be followed just now. */
  diagnostics(): Promise<readonly StoreProblem[]> {
    return Promise.resolve(this.#parts.reflectors.problems());
  }

  async close(): Promise<void> {
    await this.#parts.reflectors.close();
    this.#parts.rest.close();
  }

  async listForeign<K extends ForeignKind>(kind: K, scope: ForeignScope = {}, signal?: AbortSignal): Promise<readonly ForeignByKind[K][]> {
    return this.#list(foreign(kind), scope, signal);
  }

  async getForeign<K extends ForeignKind>(kind: K, key: ObjectKey, signal?: AbortSignal): Promise<ForeignByKind[K] | undefined> {
    return getObject(this.#parts.rest, foreign(kind), key, signal);
  }

  watchForeign<K extends ForeignKind>(kind: K, scope: ForeignScope, signal: AbortSignal): AsyncGenerator<WatchEvent<ForeignByKind[K]>, void, undefined> {
    return this.#watch(foreign(kind), scope, signal);
  }

  async createForeign<K extends WritableForeignKind>(kind: K, draft: ForeignDraft<K>, signal?: AbortSignal): Promise<ForeignByKind[K]> {
    return createObject(this.#parts.rest, foreign(kind), draft.metadata, { ...envelope(kind), ...draft }, signal);
  }

  async updateForeign<K extends WritableForeignKind>(kind: K, object: ForeignByKind[K], signal?: AbortSignal): Promise<ForeignByKind[K]> {
    return replaceObject(this.#parts.rest, foreign(kind), object.metadata, undefined, { ...envelope(kind), ...object }, signal);
  }

  async deleteForeign(kind: WritableForeignKind, key: ObjectKey, precondition?: { readonly uid?: string; readonly resourceVersion?: string }, signal?: AbortSignal): Promise<void> {
    await deleteObject(this.#parts.rest, foreign(kind), key, precondition, signal);
  }

  async #list<Shown>(accessor: Accessor<Shown>, scope: ForeignScope, signal: AbortSignal | undefined): Promise<readonly Shown[]> {
    requireScope(accessor.resource.kind, accessor.resource.namespaced, scope);
    return listObjects(this.#parts.rest, accessor, scope.namespace, selectorsOf(scope), signal);
  }

  #watch<Shown extends Stored | ForeignByKind[ForeignKind]>({ resource, decode }: Accessor<Shown>, scope: ForeignScope, signal: AbortSignal): AsyncGenerator<WatchEvent<Shown>, void, undefined> {
    requireScope(resource.kind, resource.namespaced, scope);
    return this.#parts.reflectors.watch({ target: { resource, namespace: scope.namespace }, selectors: selectorsOf(scope), decode }, signal);
  }

  #remember<K extends Kind>(object: Stored<K>): Stored<K> {
    this.#parts.recent.put(recentKey(object), object);
    return object;
  }

  /** The very version that a caller's object was made from, where it is still known. */
  #asRead<K extends Kind>(object: Stored<K>): Stored<K> | undefined {
    const { recent, reflectors } = this.#parts;
    const candidates = [recent.get(recentKey(object)), reflectors.find(qualifiedPlural(ownResource(object.kind)), objectKey(object.metadata))];
    return candidates.find((candidate) => candidate?.metadata.uid === object.metadata.uid && candidate.metadata.resourceVersion === object.metadata.resourceVersion) as Stored<K> | undefined;
  }
}

function own<K extends Kind>(kind: K): Accessor<Stored<K>> {
  return { resource: ownResource(kind), decode: decodeOwn(kind) };
}

function foreign<K extends ForeignKind>(kind: K): Accessor<ForeignByKind[K]> {
  return { resource: foreignResources[kind], decode: decodeForeign(kind) };
}

function envelope(kind: WritableForeignKind): { readonly apiVersion: string; readonly kind: string } {
  return { apiVersion: apiVersionOf(foreignResources[kind]), kind };
}

function selectorsOf({ name, labelSelector }: ForeignScope): { readonly fieldSelector?: string; readonly labelSelector?: string } {
  return { ...(name === undefined ? {} : { fieldSelector: `metadata.name=${name}` }), ...(labelSelector === undefined ? {} : { labelSelector }) };
}

function recentKey({ kind, metadata }: Stored): string {
  return `${kind} ${objectKey(metadata)}`;
}

/**
 * Spec and status with their defaults. Of the metadata only what callers write is checked: the server puts in things of its own.
 * @throws StoreError INVALID.
 */
function validParts({ kind, metadata: { name, namespace, labels, annotations, finalizers }, spec, status }: AnyStored): { readonly spec: unknown; readonly status?: unknown } {
  refTo(kind, { namespace, name });
  return valid(plain({ apiVersion, kind, metadata: { name, namespace, labels, annotations, finalizers } as Stored['metadata'], spec, status }));
}

/** A spec that was read and not changed is written back with what reading left out. */
function wholeSpecOf({ spec }: Stored, checked: unknown): unknown {
  const whole = wholeSpec(spec);
  return whole === spec ? checked : whole;
}

/** What {@link KubernetesStore.update} writes, in one form: absent and empty are the same to the server. */
function authoredParts({ metadata: { labels = {}, annotations = {}, finalizers = [] }, spec }: { readonly metadata: Stored['metadata']; readonly spec: unknown }): unknown {
  return { labels, annotations, finalizers, spec };
}
