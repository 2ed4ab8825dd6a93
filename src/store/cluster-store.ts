/** What only a cluster has: a few kinds that are not ours. A store on a directory has no such interface, and callers do without. */
import type { ForeignByKind, ForeignDraft, ForeignKind, WritableForeignKind } from './foreign.ts';
import type { ObjectKey } from './resource.ts';
import type { WatchEvent } from './watch-event.ts';

export interface ForeignScope {
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  /** As `kubectl get -l` takes it. */
  readonly labelSelector?: string | undefined;
}

/** The same errors, preconditions and watch semantics as {@link ResourceStore}, kind by kind. */
export interface ClusterStore {
  listForeign<K extends ForeignKind>(kind: K, scope?: ForeignScope, signal?: AbortSignal): Promise<readonly ForeignByKind[K][]>;

  /** @returns undefined where there is none. */
  getForeign<K extends ForeignKind>(kind: K, key: ObjectKey, signal?: AbortSignal): Promise<ForeignByKind[K] | undefined>;

  watchForeign<K extends ForeignKind>(kind: K, scope: ForeignScope, signal: AbortSignal): AsyncIterable<WatchEvent<ForeignByKind[K]>>;

  /** @throws StoreError ALREADY_EXISTS, INVALID, FORBIDDEN. */
  createForeign<K extends WritableForeignKind>(kind: K, draft: ForeignDraft<K>, signal?: AbortSignal): Promise<ForeignByKind[K]>;

  /** Replaces the object if it is still as it was read. @throws ConflictError, or StoreError NOT_FOUND, INVALID, FORBIDDEN. */
  updateForeign<K extends WritableForeignKind>(kind: K, object: ForeignByKind[K], signal?: AbortSignal): Promise<ForeignByKind[K]>;

  /** @throws ConflictError, or StoreError NOT_FOUND, FORBIDDEN. */
  deleteForeign(kind: WritableForeignKind, key: ObjectKey, precondition?: { readonly uid?: string; readonly resourceVersion?: string }, signal?: AbortSignal): Promise<void>;
}
