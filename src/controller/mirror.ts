/** Keeps the latest objects of one kind in memory, and tells which have changed. */
import type { Kind } from '../crds/resource.ts';
import { objectKey } from '../runtime/object-key.ts';
import type { ResourceStore } from '../store/resource-store.ts';
import type { StoreProblem } from '../store/problem.ts';
import type { ObjectKey, Stored } from '../store/resource.ts';

export interface MirrorOptions<K extends Kind> {
  readonly store: ResourceStore;
  readonly kind: K;
  readonly changed: (object: Stored<K>, gone: boolean) => void;
  readonly problems?: (problems: readonly StoreProblem[]) => void;
}

export class Mirror<K extends Kind> {
  readonly #options: MirrorOptions<K>;
  readonly #objects = new Map<string, Stored<K>>();

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
          this.put(event.object);
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

  /** Takes over what a write or read of our own returned, without waiting for the watch to say so. */
  put(object: Stored<K>): void {
    this.#objects.set(objectKey(object.metadata), object);
  }

  remove(key: ObjectKey): void {
    this.#objects.delete(objectKey(key));
  }
}
