/** Keeps the latest objects of one kind in memory, and tells which have changed. */
import type { Kind } from '../crds/resource.ts';
import type { Clock, Timer } from '../runtime/clock.ts';
import { isOlder } from '../runtime/resource-version.ts';
import { objectKey } from '../runtime/object-key.ts';
import type { ResourceStore } from '../store/resource-store.ts';
import type { StoreProblem } from '../store/problem.ts';
import type { ObjectKey, Stored } from '../store/resource.ts';

/** A watch is seldom behind a write for longer. */
export const catchesUpMs = 5000;

interface OwnVersion<K extends Kind> {
  readonly version: string;
  readonly uid: string;
  readonly untilMs: number;
  /** What a watch has told of it meanwhile. */
  behind?: Stored<K>;
  timer?: Timer;
}

export interface MirrorOptions<K extends Kind> {
  readonly store: ResourceStore;
  readonly kind: K;
  readonly changed: (object: Stored<K>, gone: boolean) => void;
  /** Where own writes are taken over by {@link Mirror.put}: a watch may be behind them for a moment. */
  readonly clock?: Pick<Clock, 'nowMs' | 'after'>;
  readonly problems?: (problems: readonly StoreProblem[]) => void;
}

export class Mirror<K extends Kind> {
  readonly #options: MirrorOptions<K>;
  readonly #objects = new Map<string, Stored<K>>();
  /** Versions that were written or read by ourselves, and until when a watch that tells of an older one is behind. */
  readonly #own = new Map<string, OwnVersion<K>>();

  constructor(options: MirrorOptions<K>) {
    this.#options = options;
  }

  /** Follows the store until the signal aborts. `synced` is called once, when everything that is there has been told. */
  async run(signal: AbortSignal, synced: () => void): Promise<void> {
    const { store, kind, changed, problems } = this.#options;
    for await (const event of store.watch(kind, {}, signal)) {
      switch (event.type) {
        case 'added':
        case 'modified':
          if (this.#isBehind(event.object)) break;
          this.#objects.set(objectKey(event.object.metadata), event.object);
          changed(event.object, false);
          break;
        case 'deleted':
          this.remove(event.object.metadata);
          changed(event.object, true);
          break;
        case 'synced':
          synced();
          break;
        case 'problems':
          problems?.(event.problems);
          break;
      }
    }
  }

  get(key: ObjectKey): Stored<K> | undefined {
    return this.find(objectKey(key));
  }

  /** By the text of {@link objectKey}. */
  find(key: string): Stored<K> | undefined {
    return this.#objects.get(key);
  }

  keys(): MapIterator<string> {
    return this.#objects.keys();
  }

  values(): Iterable<Stored<K>> {
    return this.#objects.values();
  }

  /** Takes over what an update of ours returned, unless a watch has told of what came after it: it says so once. */
  putWritten(object: Stored<K>): void {
    const known = this.#objects.get(objectKey(object.metadata));
    if (known === undefined || known.metadata.uid !== object.metadata.uid) return;
    if (!isOlder(object.metadata.resourceVersion, known.metadata.resourceVersion)) this.put(object);
  }

  /** Takes over what a write or read of our own returned, without waiting for the watch to say so. */
  put(object: Stored<K>): void {
    const key = objectKey(object.metadata);
    this.#objects.set(key, object);
    const { clock } = this.#options;
    const { resourceVersion: version, uid } = object.metadata;
    if (clock !== undefined) this.#own.set(key, { version, uid, untilMs: clock.nowMs() + catchesUpMs });
  }

  remove(key: ObjectKey): void {
    this.#objects.delete(objectKey(key));
    this.#own.delete(objectKey(key));
  }

  /**
   * It comes after our own write, and was before it. A store that was put back says the same, and says nothing else
   * then: so it is taken over once no watch is behind for so long.
   */
  #isBehind(object: Stored<K>): boolean {
    const { clock, changed } = this.#options;
    const key = objectKey(object.metadata);
    const own = this.#own.get(key);
    if (own === undefined || clock === undefined) return false;
    const leftMs = own.untilMs - clock.nowMs();
    const isOlderThanOwn = own.uid === object.metadata.uid && isOlder(object.metadata.resourceVersion, own.version);
    if (!isOlderThanOwn || leftMs <= 0) {
      this.#own.delete(key);
      return false;
    }
    own.behind = object;
    own.timer ??= clock.after(leftMs, () => {
      if (this.#own.get(key) !== own || own.behind === undefined) return;
      this.#own.delete(key);
      this.#objects.set(key, own.behind);
      changed(own.behind, false);
    }, { background: true });
    return true;
  }
}
