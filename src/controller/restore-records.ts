/** Where an open restore is written down. */
import type { Restore } from '../protocol/facts.ts';
import type { ClusterStore } from '../store/cluster-store.ts';
import { isStoreError } from '../store/errors.ts';
import type { Lease } from '../store/foreign.ts';
import type { ObjectKey, Stored } from '../store/resource.ts';
import type { ResourceStore } from '../store/resource-store.ts';
import { restoreIn, withRestore } from './restore-words.ts';
import type { RestoreRecord } from './restores.ts';

/** In a cluster: on the leaders' Lease, which one controller at a time writes. */
export class LeaseRestoreRecord implements RestoreRecord {
  readonly #cluster: Pick<ClusterStore, 'getForeign' | 'updateForeign' | 'createForeign'>;
  readonly #key: ObjectKey & { readonly namespace: string };
  #lease: Lease | undefined;

  constructor(
    cluster: Pick<ClusterStore, 'getForeign' | 'updateForeign' | 'createForeign'>,
    key: ObjectKey & { readonly namespace: string },
  ) {
    this.#cluster = cluster;
    this.#key = key;
  }

  get current(): Restore | undefined {
    return restoreIn(this.#lease?.metadata.annotations);
  }

  /** What a watch tells; undefined: it is gone. */
  seen(lease: Lease | undefined): void {
    this.#lease = lease;
  }

  async write(restore: Restore | undefined, signal: AbortSignal): Promise<void> {
    // It is renewed every few seconds: what is known of it is seldom the latest.
    for (;;) {
      const now = await this.#cluster.getForeign('Lease', this.#key, signal);
      const annotations = withRestore(now?.metadata.annotations, restore);
      try {
        this.#lease = now === undefined
          ? await this.#cluster.createForeign('Lease', { metadata: { ...this.#key, annotations }, spec: {} }, signal)
          : await this.#cluster.updateForeign('Lease', { ...now, metadata: { ...now.metadata, annotations } }, signal);
        return;
      } catch (error) {
        if (!isStoreError(error, 'CONFLICT') && !isStoreError(error, 'ALREADY_EXISTS')) throw error;
      }
    }
  }
}

/** On one host without a cluster: on its RealtimeNode. */
export class NodeRestoreRecord implements RestoreRecord {
  readonly #store: Pick<ResourceStore, 'get' | 'update'>;
  #node: Stored<'RealtimeNode'> | undefined;

  constructor(store: Pick<ResourceStore, 'get' | 'update'>) {
    this.#store = store;
  }

  get current(): Restore | undefined {
    return restoreIn(this.#node?.metadata.annotations);
  }

  seen(node: Stored<'RealtimeNode'>): void {
    this.#node = node;
  }

  async write(restore: Restore | undefined, signal: AbortSignal): Promise<void> {
    for (;;) {
      const key = this.#node?.metadata;
      const now = key === undefined ? undefined : await this.#store.get('RealtimeNode', { name: key.name }, signal);
      // Without a node there is nothing that could run.
      if (now === undefined) return;
      const annotations = withRestore(now.metadata.annotations, restore);
      try {
        this.#node = await this.#store.update({ ...now, metadata: { ...now.metadata, annotations } }, signal);
        return;
      } catch (error) {
        if (!isStoreError(error, 'CONFLICT')) throw error;
      }
    }
  }
}
