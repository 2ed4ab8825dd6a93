/** Where everything is in a state directory. docs/directory-store.md is the description for people. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Random } from '../../runtime/random.ts';
import { StoreError } from '../errors.ts';
import { readIfThere, replaceFile, stageFile, storageError, syncDirectory } from './atomic-file.ts';
import { fileStem } from './object-name.ts';
import type { ResourceRef } from '../../crds/resource.ts';

/** Raised when a newer rtvm writes what this one could not read. */
const layoutVersion = '1';

export class StateLayout {
  readonly root: string;
  /** YAML that people wrote, or that was applied: the source of specs. */
  readonly manifests: string;
  readonly state: string;
  /** One JSON file per object: identity, spec as last accepted, status. */
  readonly objects: string;
  readonly events: string;
  /** Objects that were deleted while a file of a person still describes them. */
  readonly deleted: string;
  readonly version: string;
  readonly lock: string;
  readonly journal: string;
  /** The highest resource version of any object that is gone. */
  readonly revisionFloor: string;

  constructor(root: string) {
    this.root = path.resolve(root);
    this.manifests = path.join(this.root, 'manifests');
    this.state = path.join(this.root, 'state');
    this.objects = path.join(this.state, 'objects');
    this.events = path.join(this.state, 'events');
    this.deleted = path.join(this.state, 'deleted');
    this.version = path.join(this.state, 'version');
    this.lock = path.join(this.state, 'lock');
    this.journal = path.join(this.state, 'journal.json');
    this.revisionFloor = path.join(this.state, 'revision-floor');
  }

  /** Every directory that holds files of the store. */
  get directories(): readonly string[] {
    return [this.manifests, this.state, this.objects, this.events, this.deleted];
  }

  objectFile(object: ResourceRef): string {
    return path.join(this.objects, `${fileStem(object)}.json`);
  }

  eventsFile(object: ResourceRef): string {
    return path.join(this.events, `${fileStem(object)}.json`);
  }

  deletedFile(object: ResourceRef): string {
    return path.join(this.deleted, `${fileStem(object)}.json`);
  }

  /** The name, within `manifests/`, of the file that the store itself writes for an object. */
  ownManifest(object: ResourceRef): string {
    return `${fileStem(object)}.yaml`;
  }
}

/** Makes what is missing of a state directory. */
export async function makeDirectories(layout: StateLayout): Promise<void> {
  for (const directory of [layout.root, ...layout.directories]) {
    try {
      // The root may be the parent of what others read, images say; specs may hold passwords (cloud-init).
      await mkdir(directory, { recursive: true, mode: directory === layout.root ? 0o755 : 0o700 });
    } catch (error) {
      throw storageError(`cannot make ${directory}`, error);
    }
  }
}

/** Refuses a directory that a newer version has written, and marks one that is new. Only for the holder of the lock. */
export async function checkVersion(layout: StateLayout, random: Random): Promise<void> {
  const found = (await readIfThere(layout.version))?.trim();
  if (found === layoutVersion) return;
  if (found !== undefined) {
    throw new StoreError('DAMAGED', `${layout.version} says that this state directory has layout ${JSON.stringify(found)}; this version of rtvm reads and writes layout ${layoutVersion} only. Use the version of rtvm that wrote it`);
  }
  await replaceFile(await stageFile(layout.version, `${layoutVersion}\n`, random), layout.version);
  await syncDirectory(layout.state);
}
