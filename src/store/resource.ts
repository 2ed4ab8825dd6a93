/** Objects as a store holds them: the kinds of the API, with the metadata that every stored object has. */
import type { Kind, ResourceByKind } from '../crds/resource.ts';

export interface StoredMetadata {
  readonly name: string;
  /** Absent for a kind of the whole cluster. */
  readonly namespace?: string | undefined;
  /** Given by the store, once; an object made anew under the same name has another. */
  readonly uid: string;
  /** Opaque to callers; changes with every write. The precondition of the next write. */
  readonly resourceVersion: string;
  /** Rises exactly when the spec changes; on Kubernetes also when deletion is first asked for. */
  readonly generation: number;
  /** RFC 3339, UTC. */
  readonly creationTimestamp: string;
  /** Set when deletion was asked for; the object goes when its last finalizer goes. */
  readonly deletionTimestamp?: string | undefined;
  readonly finalizers?: readonly string[] | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** An object of one kind. */
export type Stored<K extends Kind = Kind> = ResourceByKind[K] & { readonly kind: K; readonly metadata: StoredMetadata };

/** What all of them have in common, for code that treats every kind alike. */
export interface AnyStored {
  readonly apiVersion: string;
  readonly kind: Kind;
  readonly metadata: StoredMetadata;
  readonly spec: unknown;
  readonly status?: unknown;
}

/** Which object of a kind. */
export interface ObjectKey {
  /** Absent for a kind of the whole cluster. */
  readonly namespace?: string | undefined;
  readonly name: string;
}

/** A new object, as its writer says it; the rest of its metadata is given by the store. */
export interface Draft<K extends Kind = Kind> {
  readonly kind: K;
  readonly metadata: Pick<StoredMetadata, 'name' | 'namespace' | 'labels' | 'annotations' | 'finalizers'>;
  readonly spec: ResourceByKind[K]['spec'];
}
