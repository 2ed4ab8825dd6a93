/**
 * Which VMs a change of a node concerns. A node's table changes several times for each VM that begins there: were all
 * VMs of the node looked at each time, the work for a node would grow with the square of its VMs.
 *
 * Invariant: what a VM's next step and status depend on of its node is in {@link NodePicture}. Whatever is gathered of
 * a node beside that (vm-gatherer.ts, vm-standings.ts) is added to it.
 */
import { isDeepStrictEqual } from 'node:util';
import type { AllocatedGuest, ReportedGuest, UnlistedDomain } from '../crds/realtime-allocation.ts';
import { objectKey } from '../runtime/object-key.ts';
import type { Table } from './table-record.ts';

/** What is known of a node at one moment. */
export interface NodePicture {
  /** Undefined where there is none. An entry that is as before is the very object that it was. */
  readonly table: Table | undefined;
  /** What counts for all of its VMs alike. */
  readonly standing: Readonly<Record<string, string | boolean | undefined>>;
}

export class NodeNews {
  readonly #pictures = new Map<string, NodePicture>();

  /** @returns keys of the VMs that are concerned by what has changed since this was last asked of the node; or all. */
  of(nodeName: string, now: NodePicture): 'all' | readonly string[] {
    const before = this.#pictures.get(nodeName);
    this.#pictures.set(nodeName, now);
    if (before === undefined || !isDeepStrictEqual(before.standing, now.standing)) return 'all';
    if (before.table === now.table) return [];
    if (before.table === undefined || now.table === undefined) return 'all';
    return concernedBy(before.table, now.table);
  }
}

function concernedBy(before: Table, now: Table): 'all' | readonly string[] {
  // What is given back, another VM of the node may wait for.
  if (!isDeepStrictEqual(before.spec.kept, now.spec.kept) || givesBack(before, now)) return 'all';
  const [was, is] = [partsOf(before), partsOf(now)];
  if (was === undefined || is === undefined) return 'all';
  return [...new Set([...was.keys(), ...is.keys()])].filter((key) => !isSamePart(was.get(key), is.get(key)));
}

function givesBack(before: Table, now: Table): boolean {
  const entries = new Map(now.spec.guests.map((entry) => [entry.vm.uid, entry]));
  const domains = new Set(now.status?.unlisted?.map(({ uuid }) => uuid));
  return before.spec.guests.some((entry) => !isDeepStrictEqual(entries.get(entry.vm.uid)?.placement, entry.placement))
    || before.status?.unlisted?.some(({ uuid }) => !domains.has(uuid)) === true;
}

/** What a table says of one VM, and of earlier ones of its name. */
interface VmPart {
  readonly entries: AllocatedGuest[];
  readonly reports: ReportedGuest[];
  readonly unlisted: UnlistedDomain[];
}

/** By the VMs' keys; undefined where it tells of a guest, and not of which VM it is. */
function partsOf({ spec, status }: Table): ReadonlyMap<string, VmPart> | undefined {
  const parts = new Map<string, VmPart>();
  const keys = new Map<string, string>();
  const partOf = (key: string) => {
    let part = parts.get(key);
    if (part === undefined) parts.set(key, part = { entries: [], reports: [], unlisted: [] });
    return part;
  };
  for (const entry of spec.guests) {
    const key = objectKey(entry.vm);
    keys.set(entry.vm.uid, key);
    partOf(key).entries.push(entry);
  }
  for (const one of status?.unlisted ?? []) {
    const key = objectKey(one.vm);
    keys.set(one.vm.uid, key);
    partOf(key).unlisted.push(one);
  }
  for (const report of status?.guests ?? []) {
    const key = keys.get(report.uid);
    if (key === undefined) return undefined;
    partOf(key).reports.push(report);
  }
  return parts;
}

function isSamePart(one: VmPart | undefined, other: VmPart | undefined): boolean {
  if (one?.entries.length !== other?.entries.length) return false;
  return one?.entries.every((entry, index) => entry === other?.entries[index]) === true
    && isDeepStrictEqual([one.reports, one.unlisted], [other?.reports, other?.unlisted]);
}
