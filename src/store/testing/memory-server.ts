/**
 * An API server's storage in memory: every object with its version, and whoever watches. Many {@link MemoryStore}s
 * share one.
 */
import type { Kind } from '../../crds/resource.ts';
import { objectKey } from '../../runtime/object-key.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { isGone, versionAfter } from '../change.ts';
import type { Stamp } from '../change.ts';
import { ConflictError, StoreError } from '../errors.ts';
import type { EventDraft, RecordedEvent } from '../event.ts';
import type { ForeignKind } from '../foreign.ts';
import type { ObjectKey } from '../resource.ts';
import type { Subscription } from '../subscription.ts';
import { withEvent } from '../directory/events.ts';

/** Of any kind: what storage must know of it. */
export interface Kept {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string | undefined;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly deletionTimestamp?: string | undefined;
    readonly finalizers?: readonly string[] | undefined;
  };
}

export type AnyKind = Kind | ForeignKind;

/**
 * A write as it was carried out, for whoever keeps a log of all of them.
 * @property object as it is now, or was when it went.
 */
export interface Write {
  readonly kind: AnyKind;
  readonly key: string;
  readonly object: Kept;
  readonly gone: boolean;
}

export interface Snapshot {
  readonly version: string;
  readonly objects: ReadonlyMap<AnyKind, ReadonlyMap<string, Kept>>;
}

export class MemoryServer {
  readonly #runtime: Runtime;
  readonly #written: (write: Write) => void;
  readonly #objects = new Map<AnyKind, Map<string, Kept>>();
  readonly #subscriptions = new Map<AnyKind, Set<Subscription<Kept>>>();
  readonly #events = new Map<string, readonly RecordedEvent[]>();
  #version = '0';

  /** @param runtime of the server: its clock stamps what it stores, its names are the objects' UIDs. */
  constructor(runtime: Runtime, written: (write: Write) => void = () => undefined) {
    this.#runtime = runtime;
    this.#written = written;
  }

  all(kind: AnyKind): ReadonlyMap<string, Kept> {
    return this.#kind(kind);
  }

  find(kind: AnyKind, key: ObjectKey): Kept | undefined {
    return this.#kind(kind).get(objectKey(key));
  }

  /** @throws StoreError NOT_FOUND, or ConflictError where the object is not the one that was read. */
  require(
    kind: AnyKind, key: ObjectKey,
    read: { readonly uid?: string | undefined; readonly resourceVersion?: string | undefined },
  ): Kept {
    const current = this.find(kind, key);
    const name = `${kind} ${objectKey(key)}`;
    if (current === undefined) throw new StoreError('NOT_FOUND', `there is no ${name}`);
    const { uid, resourceVersion } = current.metadata;
    if (uid === (read.uid ?? uid) && resourceVersion === (read.resourceVersion ?? resourceVersion)) return current;
    throw new ConflictError(`${name} is not as it was read: found uid ${uid}, resource version ${resourceVersion}`);
  }

  newUid(): string {
    return this.#runtime.random.uuid();
  }

  /** Of the next write. */
  stamp(): Stamp {
    return { resourceVersion: versionAfter(this.#version), now: this.#runtime.clock.date() };
  }

  /**
   * Stores what was made with {@link stamp}, or ends it where nothing holds it any more.
   * @param kept plain, as it reads back: nobody changes it afterwards.
   * @returns what is read of it then.
   */
  put<Item extends Kept>(kind: AnyKind, kept: Item): Item {
    const key = objectKey(kept.metadata);
    this.#version = kept.metadata.resourceVersion;
    const gone = isGone(kept as never);
    if (gone) this.#kind(kind).delete(key);
    else this.#kind(kind).set(key, kept);
    this.#written({ kind, key, object: kept, gone });
    for (const subscription of this.#subscriptions.get(kind) ?? []) this.#show(kind, subscription, [key]);
    return kept;
  }

  /** Shows what is, and every change. @returns what ends that. */
  attach(kind: AnyKind, subscription: Subscription<Kept>): () => void {
    const subscriptions = this.#subscriptions.get(kind) ?? new Set();
    this.#subscriptions.set(kind, subscriptions.add(subscription));
    this.#show(kind, subscription);
    return () => subscriptions.delete(subscription);
  }

  addEvent(event: EventDraft): void {
    this.#events.set(event.about.uid, withEvent(this.events(event.about.uid), event, this.#runtime.clock.date()));
  }

  events(uid: string): readonly RecordedEvent[] {
    return this.#events.get(uid) ?? [];
  }

  /** Everything that is stored, to be put back by {@link restore}. */
  snapshot(): Snapshot {
    return {
      version: this.#version,
      objects: new Map([...this.#objects].map(([kind, objects]) => [kind, new Map(objects)])),
    };
  }

  /**
   * Puts older data back, as an administrator does with a backup of etcd. Whoever watches finds what is there then.
   * @param bumped whether versions go on from the highest there ever was, as etcd's own tool can have it.
   */
  restore({ version, objects }: Snapshot, bumped: boolean): void {
    if (!bumped) this.#version = version;
    for (const kind of new Set([...this.#objects.keys(), ...objects.keys()])) {
      this.#objects.set(kind, new Map(objects.get(kind)));
      for (const subscription of this.#subscriptions.get(kind) ?? []) this.#show(kind, subscription);
    }
  }

  #show(kind: AnyKind, subscription: Subscription<Kept>, changed?: readonly string[]): void {
    subscription.show({ objects: this.#kind(kind), problems: [] }, changed);
  }

  #kind(kind: AnyKind): Map<string, Kept> {
    let objects = this.#objects.get(kind);
    if (objects === undefined) {
      objects = new Map<string, Kept>();
      this.#objects.set(kind, objects);
    }
    return objects;
  }
}
