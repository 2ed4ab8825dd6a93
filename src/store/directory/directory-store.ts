/** The embedded store: a directory of YAML manifests and JSON state, shared by any number of processes on one host. */
import path from 'node:path';
import type { SourceFile } from '../../crds/parse-files.ts';
import { formatRef } from '../../crds/resource.ts';
import type { Kind, ResourceRef } from '../../crds/resource.ts';
import { machineRuntime } from '../../runtime/runtime.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { isGone, marked, updated, withStatus } from '../change.ts';
import type { Stamp } from '../change.ts';
import { ConflictError, StoreError } from '../errors.ts';
import type { EventDraft, EventSubject, RecordedEvent } from '../event.ts';
import type { StoreProblem } from '../problem.ts';
import type { ResourceStore } from '../resource-store.ts';
import type { AnyStored, Draft, ObjectKey, Stored } from '../resource.ts';
import { refTo, valid } from '../validate.ts';
import type { WatchEvent } from '../watch-event.ts';
import { parseForApply, planApply } from './apply.ts';
import type { AppliedObject } from './apply.ts';
import { readIfThere } from './atomic-file.ts';
import { formatEvents, parseEvents, withEvent } from './events.ts';
import { formatManifest } from './manifest.ts';
import { Mirror } from './mirror.ts';
import type { Look } from './mirror.ts';
import { sayTheSame } from './reconcile.ts';
import { nameOf } from './record.ts';
import type { StoredRecord } from './record.ts';
import { StateDirectory } from './state-directory.ts';
import { Subscription } from '../subscription.ts';
import type { FileChange } from './transaction.ts';

export interface DirectoryStoreOptions {
  /** Made, with all in it, where it is missing. */
  readonly directory: string;
  readonly signal?: AbortSignal | undefined;
  /** Default: the machine's. */
  readonly runtime?: Runtime | undefined;
}

export class DirectoryStore implements ResourceStore {
  readonly #directory: StateDirectory;
  readonly #mirror: Mirror;
  readonly #runtime: Runtime;

  private constructor(directory: StateDirectory, runtime: Runtime) {
    this.#directory = directory;
    this.#runtime = runtime;
    const { layout } = directory;
    this.#mirror = new Mirror(layout.root, [layout.root, layout.state, layout.manifests, layout.objects], runtime.clock, () => this.#look());
  }

  /**
   * Opens the store, ends what a killed process began, and takes over what the manifests say.
   * @throws StoreError when the directory cannot be used at all; problems with single files are in {@link diagnostics}.
   */
  static async open({ directory, signal, runtime = machineRuntime }: DirectoryStoreOptions): Promise<DirectoryStore> {
    const state = await StateDirectory.open(directory, runtime, signal);
    try {
      await state.review(signal);
    } catch (error) {
      await state.close();
      throw error;
    }
    return new DirectoryStore(state, runtime);
  }

  async close(): Promise<void> {
    await this.#mirror.close();
    await this.#directory.close();
  }

  async list<K extends Kind>(kind: K, options: { readonly namespace?: string | undefined; readonly signal?: AbortSignal | undefined } = {}): Promise<readonly Stored<K>[]> {
    options.signal?.throwIfAborted();
    const records = await this.#directory.records();
    return records.map(({ object }) => object).filter(isWanted(kind, options)) as Stored<K>[];
  }

  async get<K extends Kind>(kind: K, key: ObjectKey, signal?: AbortSignal): Promise<Stored<K> | undefined> {
    signal?.throwIfAborted();
    const record = await this.#directory.record(refTo(kind, key));
    return record?.object as Stored<K> | undefined;
  }

  async *watch<K extends Kind>(kind: K, scope: { readonly namespace?: string | undefined; readonly name?: string | undefined }, signal: AbortSignal): AsyncGenerator<WatchEvent<Stored<K>>, void, undefined> {
    if (signal.aborted) return;
    const subscription = new Subscription(isWanted(kind, scope));
    const end = () => subscription.end();
    signal.addEventListener('abort', end, { once: true });
    try {
      await this.#mirror.add(subscription);
      yield* subscription.events() as AsyncGenerator<WatchEvent<Stored<K>>, void, undefined>;
    } finally {
      signal.removeEventListener('abort', end);
      this.#mirror.remove(subscription);
    }
  }

  async create<K extends Kind>(draft: Draft<K>, signal?: AbortSignal): Promise<Stored<K>> {
    const name = refTo(draft.kind, draft.metadata);
    return this.#directory.exclusive(async () => {
      if (await this.#directory.record(name) !== undefined) throw new StoreError('ALREADY_EXISTS', `${formatRef(name)} already exists`);
      const object = await this.#directory.newObject(draft);
      await this.#directory.commit(this.#directory.taking({ object }));
      return object as Stored<K>;
    }, signal);
  }

  async update<K extends Kind>(object: Stored<K>, signal?: AbortSignal): Promise<Stored<K>> {
    return this.#write(object, updated, signal);
  }

  async updateStatus<K extends Kind>(object: Stored<K>, signal?: AbortSignal): Promise<Stored<K>> {
    return this.#write(object, withStatus, signal);
  }

  async delete(kind: Kind, key: ObjectKey, precondition: { readonly uid?: string; readonly resourceVersion?: string } = {}, signal?: AbortSignal): Promise<void> {
    const name = refTo(kind, key);
    await this.#directory.exclusive(async () => {
      const record = await this.#required(name);
      const { uid, resourceVersion } = record.object.metadata;
      if (uid !== (precondition.uid ?? uid) || resourceVersion !== (precondition.resourceVersion ?? resourceVersion)) {
        throw new ConflictError(`${formatRef(name)} is not the object that was to be deleted: found uid ${uid}, resource version ${resourceVersion}`);
      }
      const object = marked(record.object, this.#directory.stampAfter(record.object));
      if (object === record.object) return;
      const own = await this.#ownManifest(record);
      await this.#directory.commit([...await this.#storing({ ...record, object }), ...(own === undefined ? [] : [{ kind: 'remove', file: own } as const])]);
    }, signal);
  }

  /**
   * Copies files of a person into `manifests/`, one file for each object, so that nothing depends on the originals any longer, and stores
   * their objects. All documents of all files, or nothing at all.
   * @returns one entry for each document, in order.
   * @throws ApplyError with every problem of every file.
   */
  async applyManifests(files: readonly SourceFile[], signal?: AbortSignal): Promise<readonly AppliedObject[]> {
    const documents = parseForApply(files);
    const { layout } = this.#directory;
    return this.#directory.exclusive(async () => {
      const { survey } = await this.#directory.reviewExclusively();
      const planned = planApply(documents, survey, (ref) => layout.ownManifest(ref));
      const changes: FileChange[] = [];
      for (const { stem, document: { name, draft }, change } of planned) {
        const manifest = layout.ownManifest(name);
        const current = survey.records.get(stem);
        if (change === 'unchanged' && survey.manifests.has(current?.manifest ?? '')) continue;
        const record = await this.#directory.adopted({ manifest, draft, current });
        changes.push({ kind: 'write', file: path.join(layout.manifests, manifest), content: formatManifest(draft) }, ...this.#directory.taking(record));
      }
      await this.#directory.commit(changes);
      return planned.map(({ document, change }) => ({ ref: document.name, change }));
    }, signal);
  }

  async recordEvent(event: EventDraft, signal?: AbortSignal): Promise<void> {
    await this.#directory.exclusive(async () => {
      const record = await this.#directory.record(event.about);
      if (record?.object.metadata.uid !== event.about.uid) return;
      const events = withEvent(await this.events(event.about), event, this.#runtime.clock.date());
      await this.#directory.commit([{ kind: 'write', file: this.#directory.layout.eventsFile(event.about), content: formatEvents(events) }]);
    }, signal);
  }

  async events(about: EventSubject, signal?: AbortSignal): Promise<readonly RecordedEvent[]> {
    signal?.throwIfAborted();
    const file = this.#directory.layout.eventsFile(about);
    const text = await readIfThere(file);
    return text === undefined ? [] : parseEvents(text, file).filter((event) => event.about.uid === about.uid);
  }

  async diagnostics(signal?: AbortSignal): Promise<readonly StoreProblem[]> {
    const { problems } = await this.#directory.review(signal);
    return problems;
  }

  async #look(): Promise<Look> {
    const { survey: { records, damaged }, problems } = await this.#directory.review();
    return { objects: new Map([...records].map(([stem, { object }]) => [stem, object])), unreadable: new Set(damaged.keys()), problems };
  }

  async #required(name: ResourceRef): Promise<StoredRecord> {
    const record = await this.#directory.record(name);
    if (record === undefined) throw new StoreError('NOT_FOUND', `there is no ${formatRef(name)}`);
    return record;
  }

  async #write<K extends Kind>(object: Stored<K>, change: (current: AnyStored, wanted: AnyStored, stamp: Stamp) => AnyStored, signal: AbortSignal | undefined): Promise<Stored<K>> {
    const name = refTo(object.kind, object.metadata);
    const wanted = valid(object);
    return this.#directory.exclusive(async () => {
      const record = await this.#required(name);
      const result = change(record.object, wanted, this.#directory.stampAfter(record.object));
      if (result === record.object) return result as Stored<K>;
      const manifests = sayTheSame(result, record.object) ? [] : await this.#rewritingManifest(record, result);
      await this.#directory.commit([...await this.#storing({ ...record, object: result }), ...manifests]);
      return result as Stored<K>;
    }, signal);
  }

  /** The changes that keep the record of an object, or end it if nothing holds it any more. */
  async #storing(record: StoredRecord): Promise<readonly FileChange[]> {
    if (!isGone(record.object)) return [this.#directory.writing(record)];
    return this.#directory.removing(record, record.manifest !== undefined && await this.#ownManifest(record) === undefined);
  }

  /** A spec has one source: where that is a manifest of the store's own, it is written along; a person's file is for the person to edit. */
  async #rewritingManifest(record: StoredRecord, object: AnyStored): Promise<readonly FileChange[]> {
    if (record.manifest === undefined || object.metadata.deletionTimestamp !== undefined) return [];
    const name = nameOf(object);
    const file = await this.#ownManifest(record);
    if (file === undefined) throw new StoreError('INVALID', `the spec of ${formatRef(name)} comes from ${path.join(this.#directory.layout.manifests, record.manifest)}; edit it there`);
    await this.#directory.reviewExclusively();
    const reviewed = await this.#required(name);
    if (reviewed.object.metadata.resourceVersion !== record.object.metadata.resourceVersion) {
      throw new ConflictError(`${formatRef(name)} has just been changed in ${file}. Read it again`);
    }
    return [{ kind: 'write', file, content: formatManifest(object as Stored) }];
  }

  /** The path of an object's manifest if the store may write it: one that it made itself, and to which nobody has added anything. */
  async #ownManifest(record: StoredRecord): Promise<string | undefined> {
    const { layout } = this.#directory;
    const own = layout.ownManifest(nameOf(record.object));
    if (record.manifest !== own) return undefined;
    const manifest = (await this.#directory.survey()).manifests.get(own);
    const untouched = manifest === undefined || (manifest.problems.length === 0 && manifest.documents.length === 1);
    return untouched ? path.join(layout.manifests, own) : undefined;
  }
}

/** Whether an object is of a kind, and of a namespace and name where those are given. */
function isWanted(kind: Kind, { namespace, name }: { readonly namespace?: string | undefined; readonly name?: string | undefined }): (object: AnyStored) => boolean {
  return (object) => object.kind === kind
    && (namespace === undefined || object.metadata.namespace === namespace)
    && (name === undefined || object.metadata.name === name);
}
