/** What every store can do, be it a directory or the Kubernetes API: the only way in which controllers and agents see state. */
import type { Kind } from '../crds/resource.ts';
import type { EventDraft, EventSubject, RecordedEvent } from './event.ts';
import type { StoreProblem } from './problem.ts';
import type { Draft, ObjectKey, Stored } from './resource.ts';
import type { WatchEvent } from './watch-event.ts';

/**
 * Every function rejects with a StoreError (whose `code` says what to do), or with the signal's reason when aborted before it took
 * effect. Objects are plain data; nobody changes one in place.
 */
export interface ResourceStore {
  /** All objects of a kind, in a stable order; of one namespace, where given. */
  list<K extends Kind>(kind: K, options?: { readonly namespace?: string | undefined; readonly signal?: AbortSignal | undefined }): Promise<readonly Stored<K>[]>;

  /** @returns undefined where there is none. */
  get<K extends Kind>(kind: K, key: ObjectKey, signal?: AbortSignal): Promise<Stored<K> | undefined>;

  /**
   * The objects of a kind (or only those in `scope`), then every change, until the signal aborts; the loop then ends without an error.
   * Level-based: changes that nobody has fetched merge into the latest state, and the last state always arrives.
   */
  watch<K extends Kind>(kind: K, scope: { readonly namespace?: string | undefined; readonly name?: string | undefined }, signal: AbortSignal): AsyncIterable<WatchEvent<Stored<K>>>;

  /** @throws StoreError ALREADY_EXISTS, INVALID. */
  create<K extends Kind>(draft: Draft<K>, signal?: AbortSignal): Promise<Stored<K>>;

  /**
   * Writes spec, labels, annotations and finalizers, if the object is still as it was read (`metadata.resourceVersion`, `metadata.uid`).
   * Taking the last finalizer from an object that is being deleted ends it.
   * @returns the object as it is now; where nothing differs from what was read, nothing is written, and the precondition may go unchecked.
   * @throws ConflictError, or StoreError NOT_FOUND, INVALID.
   */
  update<K extends Kind>(object: Stored<K>, signal?: AbortSignal): Promise<Stored<K>>;

  /** Writes the status and nothing else; the same precondition, result and errors as {@link update}. */
  updateStatus<K extends Kind>(object: Stored<K>, signal?: AbortSignal): Promise<Stored<K>>;

  /**
   * Asks for deletion. An object with finalizers is marked, and goes with the last of them; one without goes at once. Asking again is harmless.
   * @param precondition the object must still be this one.
   * @throws ConflictError, or StoreError NOT_FOUND.
   */
  delete(kind: Kind, key: ObjectKey, precondition?: { readonly uid?: string; readonly resourceVersion?: string }, signal?: AbortSignal): Promise<void>;

  /** Adds an event; one that repeats the newest is counted there. Stores bound how many they keep, and may drop one about an object that is gone. */
  recordEvent(event: EventDraft, signal?: AbortSignal): Promise<void>;

  /** The events of one object that are still kept, oldest first. */
  events(about: EventSubject, signal?: AbortSignal): Promise<readonly RecordedEvent[]>;

  /** What a person has to mend now. Watches tell the same. */
  diagnostics(signal?: AbortSignal): Promise<readonly StoreProblem[]>;

  /** Ends all watches, and gives back what the store holds. */
  close(): Promise<void>;
}
