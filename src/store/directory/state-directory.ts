/** The files of a state directory: reading all of them, and changing them under the lock. */
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { ResourceRef } from '../../crds/resource.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { authored, created, versionAfter } from '../change.ts';
import type { Stamp } from '../change.ts';
import { StoreError } from '../errors.ts';
import { storeProblem } from '../problem.ts';
import type { StoreProblem } from '../problem.ts';
import type { AnyStored, Draft } from '../resource.ts';
import { valid } from '../validate.ts';
import { readIfThere } from './atomic-file.ts';
import { DirectoryLock } from './directory-lock.ts';
import { FileCache } from './file-cache.ts';
import { StateLayout, checkVersion, makeDirectories } from './layout.ts';
import { manifestSuffixes, readManifest } from './manifest.ts';
import type { Manifest } from './manifest.ts';
import { fileStem } from './object-name.ts';
import { authorOf, reconcile } from './reconcile.ts';
import type { Adoption, Reconciled, Survey } from './reconcile.ts';
import { damaged, formatRecord, nameOf, parseRecord } from './record.ts';
import type { StoredRecord } from './record.ts';
import { commit, recover, sweep } from './transaction.ts';
import type { FileChange } from './transaction.ts';

export interface Reviewed {
  readonly survey: Survey;
  readonly problems: readonly StoreProblem[];
}

export class StateDirectory {
  readonly layout: StateLayout;
  readonly #runtime: Runtime;
  readonly #lock: DirectoryLock;
  readonly #manifests: FileCache<Manifest>;
  readonly #records: FileCache<StoredRecord | StoreProblem>;
  readonly #deleted: FileCache<StoredRecord | StoreProblem>;
  /** What the last review found. */
  #problems: readonly StoreProblem[] = [];

  private constructor(layout: StateLayout, runtime: Runtime) {
    this.layout = layout;
    this.#runtime = runtime;
    this.#lock = new DirectoryLock(layout.lock, runtime);
    this.#manifests = new FileCache(layout.manifests, manifestSuffixes, (name, content) => (
      readManifest(name, path.join(layout.manifests, name), content)
    ));
    this.#records = recordCache(layout.objects);
    this.#deleted = recordCache(layout.deleted);
  }

  /**
   * Opens a state directory, making what is missing, and ends what a killed process began.
   * @throws StoreError when it cannot be made, read, locked, or is of a newer version.
   */
  static async open(root: string, runtime: Runtime, signal?: AbortSignal): Promise<StateDirectory> {
    const layout = new StateLayout(root);
    await makeDirectories(layout);
    const directory = new StateDirectory(layout, runtime);
    try {
      await directory.exclusive(async () => {
        await checkVersion(layout, runtime.random);
        await sweep(layout);
      }, signal);
    } catch (error) {
      await directory.close();
      throw error;
    }
    return directory;
  }

  async close(): Promise<void> {
    await this.#lock.close();
  }

  /** Runs the work while no other process changes anything. */
  async exclusive<Result>(work: () => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    return this.#lock.hold(async () => {
      await recover(this.layout);
      return work();
    }, signal);
  }

  /** Makes all changes or none. Only within {@link exclusive}. */
  async commit(changes: readonly FileChange[]): Promise<void> {
    await commit(this.layout, changes, this.#runtime.random);
  }

  /** @throws StoreError DAMAGED when its file is. */
  async record(name: ResourceRef): Promise<StoredRecord | undefined> {
    const file = this.layout.objectFile(name);
    const text = await readIfThere(file);
    if (text === undefined) return undefined;
    const record = parseRecord(text, fileStem(name));
    if ('damage' in record) throw new StoreError('DAMAGED', `${file}: ${record.damage}`);
    return record;
  }

  /** All records that can be read. */
  async records(): Promise<readonly StoredRecord[]> {
    return [...sortOut(await this.#records.read()).whole.values()];
  }

  async survey(): Promise<Survey> {
    const manifests = await this.#manifests.read();
    const records = sortOut(await this.#records.read());
    const deleted = sortOut(await this.#deleted.read());
    return { manifestsDirectory: this.layout.manifests, manifests, records: records.whole, deleted: deleted.whole, damaged: new Map([...deleted.damaged, ...records.damaged]) };
  }

  /**
   * Ends what a killed process began, takes over what the manifests say and is not stored yet, and tells what remains. A problem
   * that is new is looked for again while nobody writes: it may be no more than the middle of somebody's change.
   */
  async review(signal?: AbortSignal): Promise<Reviewed> {
    const interrupted = await readIfThere(this.layout.journal) !== undefined;
    const survey = await this.survey();
    const found = reconcile(survey);
    const isNews = found.problems.length > 0 && !isDeepStrictEqual(found.problems, this.#problems);
    const reviewed = isDone(found) && !interrupted && !isNews ? { survey, problems: found.problems } : await this.exclusive(() => this.reviewExclusively(), signal);
    this.#problems = reviewed.problems;
    return reviewed;
  }

  /** As {@link review}, for those who hold the lock: what was seen without it may have changed since. */
  async reviewExclusively(): Promise<Reviewed> {
    const survey = await this.survey();
    const found = reconcile(survey);
    if (isDone(found)) return { survey, problems: found.problems };
    const records = new Map(survey.records);
    const deleted = new Map(survey.deleted);
    const changes: FileChange[] = [];
    for (const adoption of found.adoptions) {
      const record = await this.adopted(adoption);
      records.set(adoption.stem, record);
      deleted.delete(adoption.stem);
      changes.push(...this.taking(record));
    }
    for (const stem of found.forgotten) {
      deleted.delete(stem);
      changes.push({ kind: 'remove', file: path.join(this.layout.deleted, `${stem}.json`) });
    }
    await this.commit(changes);
    return { survey: { ...survey, records, deleted }, problems: found.problems };
  }

  /** The record of an object as its manifest now says. */
  async adopted({ manifest, draft, current }: Omit<Adoption, 'stem'>): Promise<StoredRecord> {
    if (current === undefined) return { manifest, object: await this.newObject(draft) };
    return { manifest, object: authored(current.object, authorOf(draft), this.stampAfter(current.object)) };
  }

  /** @throws StoreError INVALID. */
  async newObject(draft: Draft): Promise<AnyStored> {
    const stamp = { resourceVersion: versionAfter(await this.#revisionFloor()), now: this.#runtime.clock.date() };
    return valid(created(draft, this.#runtime.random.uuid(), stamp));
  }

  stampAfter(object: AnyStored): Stamp {
    return { resourceVersion: versionAfter(object.metadata.resourceVersion), now: this.#runtime.clock.date() };
  }

  /** The changes that store an object which an author wants; that it was once deleted no longer counts. */
  taking(record: StoredRecord): readonly FileChange[] {
    return [this.writing(record), { kind: 'remove', file: this.layout.deletedFile(nameOf(record.object)) }];
  }

  writing(record: StoredRecord): FileChange {
    return { kind: 'write', file: this.layout.objectFile(nameOf(record.object)), content: formatRecord(record) };
  }

  /**
   * The changes that end an object: its record and events go, and versions go on from its last if it is made anew.
   * @param remember whether a manifest that stays must not bring it back.
   */
  async removing(record: StoredRecord, remember: boolean): Promise<readonly FileChange[]> {
    const name = nameOf(record.object);
    const floor = await this.#revisionFloor();
    const last = record.object.metadata.resourceVersion;
    return [
      { kind: 'write', file: this.layout.revisionFloor, content: `${BigInt(last) > BigInt(floor) ? last : floor}\n` },
      ...(remember ? [{ kind: 'write', file: this.layout.deletedFile(name), content: formatRecord(record) } as const] : []),
      { kind: 'remove', file: this.layout.eventsFile(name) },
      { kind: 'remove', file: this.layout.objectFile(name) },
    ];
  }

  async #revisionFloor(): Promise<string> {
    const text = (await readIfThere(this.layout.revisionFloor))?.trim() ?? '0';
    if (/^\d+$/.test(text)) return text;
    throw new StoreError('DAMAGED', `${this.layout.revisionFloor} is damaged: it should hold one number, found ${JSON.stringify(text.slice(0, 40))}. Write a number there that is higher than every resourceVersion in ${this.layout.objects}`);
  }
}

function recordCache(directory: string): FileCache<StoredRecord | StoreProblem> {
  return new FileCache(directory, ['.json'], (name, content): StoredRecord | StoreProblem => {
    const record = content instanceof Error ? damaged(content.message) : parseRecord(content, path.basename(name, '.json'));
    return 'damage' in record ? storeProblem('STATE_DAMAGED', { file: path.join(directory, name) }, record.damage) : record;
  });
}

/** Tells records from problems, and file names from stems. */
function sortOut(files: ReadonlyMap<string, StoredRecord | StoreProblem>): { readonly whole: ReadonlyMap<string, StoredRecord>; readonly damaged: ReadonlyMap<string, StoreProblem> } {
  const whole = new Map<string, StoredRecord>();
  const problems = new Map<string, StoreProblem>();
  for (const [name, value] of files) {
    const stem = path.basename(name, '.json');
    if ('object' in value) whole.set(stem, value);
    else problems.set(stem, value);
  }
  return { whole, damaged: problems };
}

function isDone({ adoptions, forgotten }: Pick<Reconciled, 'adoptions' | 'forgotten'>): boolean {
  return adoptions.length === 0 && forgotten.length === 0;
}
