/** Reading, deciding and writing, again from the start whenever somebody else was faster. */
import { formatRef } from '../crds/resource.ts';
import type { Kind } from '../crds/resource.ts';
import { StoreError, isStoreError } from './errors.ts';
import type { ResourceStore } from './resource-store.ts';
import type { ObjectKey, Stored } from './resource.ts';

/**
 * @param change makes the object as it should be from the one that is; it may be called several times.
 * @param write which part is written: `update` (the default) or `updateStatus`.
 * @returns the object as it is now.
 * @throws StoreError NOT_FOUND, and what the write throws other than a conflict.
 */
export async function modify<K extends Kind>(
  store: ResourceStore,
  kind: K,
  key: ObjectKey,
  change: (object: Stored<K>) => Stored<K>,
  options: { readonly write?: 'update' | 'updateStatus'; readonly signal?: AbortSignal } = {},
): Promise<Stored<K>> {
  const { write = 'update', signal } = options;
  for (;;) {
    const object = await store.get(kind, key, signal);
    if (object === undefined) throw new StoreError('NOT_FOUND', `there is no ${formatRef({ kind, ...key })}`);
    try {
      return await store[write](change(object), signal);
    } catch (error) {
      if (!isStoreError(error, 'CONFLICT')) throw error;
    }
  }
}
