/**
 * One process's view of a {@link MemoryServer}. It keeps the promises of the Kubernetes store. Each call leaves the
 * process: it is under way for as long as the test says, and may be lost on its way there or back.
 */
import type { Kind } from '../../crds/resource.ts';
import { isDeepStrictEqual } from 'node:util';
import { created, marked, plain, updated, withStatus } from '../change.ts';
import type { ClusterStore, ForeignScope } from '../cluster-store.ts';
import { StoreError } from '../errors.ts';
import type { EventDraft, EventSubject, RecordedEvent } from '../event.ts';
import type { ForeignByKind, ForeignDraft, ForeignKind, WritableForeignKind } from '../foreign.ts';
import type { StoreProblem } from '../problem.ts';
import type { ResourceStore } from '../resource-store.ts';
import type { AnyStored, Draft, ObjectKey, Stored } from '../resource.ts';
import { Subscription } from '../subscription.ts';
import { refTo, valid } from '../validate.ts';
import type { WatchEvent } from '../watch-event.ts';
import type { AnyKind, Kept, MemoryServer } from './memory-server.ts';

type Scope = ForeignScope;
type Precondition = { readonly uid?: string; readonly resourceVersion?: string };

/** What is between a process and what it calls. */
export interface Way {
  /**
   * Resolves when a call has arrived. @throws StoreError UNAVAILABLE where it is lost, as far as the caller knows.
   * @param copyArrives carries it out, for nobody: it arrives when it was given up, or a second time.
   */
  readonly there: (copyArrives: () => void) => Promise<void>;
  /**
   * Resolves when an answer, or what a watch has to say, has arrived.
   * @throws StoreError UNAVAILABLE where an answer is lost.
   */
  readonly back: (what: 'answer' | 'event') => Promise<void>;
}

export interface MemoryStoreOptions {
  readonly server: MemoryServer;
  readonly way: Way;
  /** Called as the last thing before a write leaves: what it throws, nothing is sent. */
  readonly guard?: () => void;
}

export class MemoryStore implements ResourceStore, ClusterStore {
  readonly #options: MemoryStoreOptions;
  readonly #closed = new AbortController();

  constructor(options: MemoryStoreOptions) {
    this.#options = options;
  }

  /** The same store, whose writes are guarded. */
  guarded(guard: () => void): MemoryStore {
    return new MemoryStore({ ...this.#options, guard });
  }

  async list<K extends Kind>(
    kind: K,
    { namespace, signal }: {
      readonly namespace?: string | undefined; readonly signal?: AbortSignal | undefined;
    } = {},
  ): Promise<readonly Stored<K>[]> {
    return this.#call(signal, () => this.#among(kind, { namespace }) as Stored<K>[]);
  }

  async get<K extends Kind>(kind: K, key: ObjectKey, signal?: AbortSignal): Promise<Stored<K> | undefined> {
    const ref = refTo(kind, key);
    return this.#call(signal, ({ server }) => server.find(kind, ref) as Stored<K> | undefined);
  }

  watch<K extends Kind>(kind: K, scope: Scope, signal: AbortSignal): AsyncIterable<WatchEvent<Stored<K>>> {
    return this.#watch(kind, scope, signal) as AsyncIterable<WatchEvent<Stored<K>>>;
  }

  async create<K extends Kind>(draft: Draft<K>, signal?: AbortSignal): Promise<Stored<K>> {
    const ref = refTo(draft.kind, draft.metadata);
    return this.#write(signal, ({ server }) => {
      requireAbsent(server, draft.kind, ref);
      return server.put(draft.kind, valid(created(draft, server.newUid(), server.stamp()))) as Stored<K>;
    });
  }

  async update<K extends Kind>(object: Stored<K>, signal?: AbortSignal): Promise<Stored<K>> {
    return this.#change(object, updated, signal);
  }

  async updateStatus<K extends Kind>(object: Stored<K>, signal?: AbortSignal): Promise<Stored<K>> {
    return this.#change(object, withStatus, signal);
  }

  async delete(kind: Kind, key: ObjectKey, precondition: Precondition = {}, signal?: AbortSignal): Promise<void> {
    await this.#delete(kind, refTo(kind, key), precondition, signal);
  }

  async recordEvent(event: EventDraft, signal?: AbortSignal): Promise<void> {
    await this.#write(signal, ({ server }) => server.addEvent(event));
  }

  async events(about: EventSubject, signal?: AbortSignal): Promise<readonly RecordedEvent[]> {
    return this.#call(signal, ({ server }) => server.events(about.uid));
  }

  diagnostics(): Promise<readonly StoreProblem[]> {
    return Promise.resolve([]);
  }

  close(): Promise<void> {
    this.#closed.abort();
    return Promise.resolve();
  }

  async listForeign<K extends ForeignKind>(
    kind: K, scope: ForeignScope = {}, signal?: AbortSignal,
  ): Promise<readonly ForeignByKind[K][]> {
    return this.#call(signal, () => this.#among(kind, scope) as unknown as ForeignByKind[K][]);
  }

  async getForeign<K extends ForeignKind>(
    kind: K, key: ObjectKey, signal?: AbortSignal,
  ): Promise<ForeignByKind[K] | undefined> {
    return this.#call(signal, ({ server }) => server.find(kind, key) as ForeignByKind[K] | undefined);
  }

  watchForeign<K extends ForeignKind>(
    kind: K, scope: ForeignScope, signal: AbortSignal,
  ): AsyncIterable<WatchEvent<ForeignByKind[K]>> {
    return this.#watch(kind, scope, signal) as AsyncIterable<WatchEvent<ForeignByKind[K]>>;
  }

  async createForeign<K extends WritableForeignKind>(
    kind: K, draft: ForeignDraft<K>, signal?: AbortSignal,
  ): Promise<ForeignByKind[K]> {
    return this.#write(signal, ({ server }) => {
      requireAbsent(server, kind, draft.metadata);
      const { resourceVersion, now } = server.stamp();
      const given = { uid: server.newUid(), resourceVersion, creationTimestamp: now.toISOString() };
      const object = plain({ ...draft, metadata: { ...draft.metadata, ...given } });
      return server.put(kind, object) as unknown as ForeignByKind[K];
    });
  }

  async updateForeign<K extends WritableForeignKind>(
    kind: K, object: ForeignByKind[K], signal?: AbortSignal,
  ): Promise<ForeignByKind[K]> {
    return this.#write(signal, ({ server }) => {
      const current = server.require(kind, object.metadata, object.metadata);
      if (isDeepStrictEqual(current, object)) return object;
      const { resourceVersion } = server.stamp();
      return server.put(kind, plain({ ...object, metadata: { ...object.metadata, resourceVersion } }));
    });
  }

  async deleteForeign(
    kind: WritableForeignKind, key: ObjectKey, precondition: Precondition = {}, signal?: AbortSignal,
  ): Promise<void> {
    await this.#delete(kind, key, precondition, signal);
  }

  async #change<K extends Kind>(
    object: Stored<K>, change: typeof updated, signal: AbortSignal | undefined,
  ): Promise<Stored<K>> {
    const ref = refTo(object.kind, object.metadata);
    const wanted = valid(object);
    return this.#write(signal, ({ server }) => {
      const current = server.require(object.kind, ref, object.metadata) as AnyStored;
      const result = change(current, wanted, server.stamp());
      return (result === current ? current : server.put(object.kind, result)) as Stored<K>;
    });
  }

  async #delete(
    kind: AnyKind, key: ObjectKey, precondition: Precondition, signal: AbortSignal | undefined,
  ): Promise<void> {
    await this.#write(signal, ({ server }) => {
      const current = server.require(kind, key, precondition) as AnyStored;
      const result = marked(current, server.stamp());
      if (result !== current) server.put(kind, result);
    });
  }

  async #write<Result>(
    signal: AbortSignal | undefined, work: (options: MemoryStoreOptions) => Result,
  ): Promise<Result> {
    signal?.throwIfAborted();
    this.#options.guard?.();
    return this.#call(signal, work);
  }

  /** Once it has left, a call is carried out, whether or not anybody waits for its answer still. */
  async #call<Result>(signal: AbortSignal | undefined, work: (options: MemoryStoreOptions) => Result): Promise<Result> {
    signal?.throwIfAborted();
    return unlessAborted(this.#exchange(work), signal);
  }

  async #exchange<Result>(work: (options: MemoryStoreOptions) => Result): Promise<Result> {
    const { way } = this.#options;
    const carryOut = (): { readonly result: Result } | { readonly refusal: unknown } => {
      try {
        return { result: work(this.#options) };
      } catch (refusal) {
        return { refusal };
      }
    };
    await way.there(() => void carryOut());
    const answer = carryOut();
    await way.back('answer');
    if ('refusal' in answer) throw answer.refusal;
    return answer.result;
  }

  /** Whether an event has come before nobody waited for it any more. */
  async #arrives(signal: AbortSignal): Promise<boolean> {
    try {
      await unlessAborted(this.#options.way.back('event'), signal);
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      throw error;
    }
  }

  #among(kind: AnyKind, scope: Scope): readonly Kept[] {
    return [...this.#options.server.all(kind)].toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([, object]) => object).filter(isIn(scope));
  }

  async *#watch(kind: AnyKind, scope: Scope, outer: AbortSignal): AsyncGenerator<WatchEvent<Kept>, void, undefined> {
    const signal = AbortSignal.any([outer, this.#closed.signal]);
    if (signal.aborted) return;
    const subscription = new Subscription<Kept>(isIn(scope));
    const end = () => subscription.end();
    signal.addEventListener('abort', end, { once: true });
    const detach = this.#options.server.attach(kind, subscription);
    try {
      for await (const event of subscription.events()) {
        if (!await this.#arrives(signal)) return;
        yield event;
      }
    } finally {
      detach();
      signal.removeEventListener('abort', end);
    }
  }
}

/** Whoever waits is let go at once; what is under way goes on. */
function unlessAborted<Result>(under: Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
  if (signal === undefined) return under;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    under.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

function requireAbsent(server: MemoryServer, kind: AnyKind, key: ObjectKey): void {
  if (server.find(kind, key) === undefined) return;
  throw new StoreError(
    'ALREADY_EXISTS',
    `${kind} ${key.namespace === undefined ? '' : `${key.namespace}/`}${key.name} already exists`,
  );
}

/** Labels as `key` or `key=value`. */
function isIn({ namespace, name, labelSelector }: Scope): (object: Kept) => boolean {
  const [label, value] = labelSelector?.split('=') ?? [];
  return ({ metadata }) => (
    metadata.namespace === (namespace ?? metadata.namespace)
    && metadata.name === (name ?? metadata.name)
    && (label === undefined
      || hasLabel(metadata as { readonly labels?: Readonly<Record<string, string>> }, label, value))
  );
}

function hasLabel(
  { labels = {} }: { readonly labels?: Readonly<Record<string, string>> },
  label: string, value: string | undefined,
): boolean {
  return label in labels && (value === undefined || labels[label] === value);
}
