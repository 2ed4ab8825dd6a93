/** What is on record about one node's table. */
import { isDeepStrictEqual } from 'node:util';
import type { PlacementWire } from '../crds/placement-schema.ts';
import type { AllocatedGuest } from '../crds/realtime-allocation.ts';
import { isOlder as isOlderVersion } from '../runtime/resource-version.ts';
import type { Stored } from '../store/resource.ts';
import type { AllocationEdit } from './allocation-edit.ts';

export type Table = Stored<'RealtimeAllocation'>;
type Entries = readonly AllocatedGuest[];

export interface TableRecord {
  table: Table | undefined;
  /** It has been deleted; what it said counts all the same, until it is made again. */
  gone: boolean;
  /** Decided and not written yet; held all the same, so that the next decision sees it. */
  readonly pending: Map<string, AllocationEdit>;
  /** By UID, what grants claim that are in no table yet. */
  readonly reserved: Map<string, AllocatedGuest>;
  /** What our own last write or read gave. */
  written: Table | undefined;
  /** The entries that a write of ours, under way, will make. */
  expected: readonly AllocatedGuest[] | undefined;
  /** Rises when somebody else has changed the spec: what was decided before may not fit any more. */
  epoch: number;
  /** What placement was told, by UID. */
  held: ReadonlyMap<string, PlacementWire>;
  /** Why not all of its entries can be read; undefined where they can. */
  unreadable: string | undefined;
}

export function newTableRecord(): TableRecord {
  return {
    table: undefined, gone: false, written: undefined, pending: new Map(), reserved: new Map(), expected: undefined,
    epoch: 0, held: new Map(), unreadable: undefined,
  };
}

/**
 * The entries as read; those that are as known, by the very objects that are known: what is made of one is made once.
 * @param expected what our own write, under way, makes of the table.
 */
export function knownEntries(read: Entries, known: Entries, expected: Entries = []): Entries {
  const byUid = [known, expected].map((entries) => new Map(entries.map((entry) => [entry.vm.uid, entry])));
  return read.map((entry, index) => {
    // Somebody else may have written two entries of one VM.
    const candidates = [known[index], ...byUid.map((entries) => entries.get(entry.vm.uid))];
    const ofVm = candidates.filter((candidate) => candidate?.vm.uid === entry.vm.uid);
    return ofVm.find((candidate) => isDeepStrictEqual(candidate, entry)) ?? entry;
  });
}

/** Of entries that {@link knownEntries} gave. */
export function sameEntries(left: Entries | undefined, right: Entries): boolean {
  return left?.length === right.length && left.every((entry, index) => entry === right[index]);
}

/** Of another object of the same name, nobody can say which is older. */
export function isOlder({ metadata }: Table, { metadata: than }: Table): boolean {
  return metadata.uid === than.uid && isOlderVersion(metadata.resourceVersion, than.resourceVersion);
}
