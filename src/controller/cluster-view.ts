/** The controller's picture of nodes and of what is held on them, kept up change by change for placement to decide on. */
import { isDeepStrictEqual } from 'node:util';
import { formatProblem } from '../crds/document-problem.ts';
import type { PlacementWire } from '../crds/placement-schema.ts';
import { placementFromWire } from '../crds/placement-wire.ts';
import type { AllocatedGuest } from '../crds/realtime-allocation.ts';
import { requireValid } from '../crds/require-valid.ts';
import { toHostInventory } from '../crds/to-host-inventory.ts';
import type { Decision } from '../realtime/decision.ts';
import type { Guest } from '../realtime/guest.ts';
import type { HostInventory } from '../realtime/host.ts';
import { Cluster } from '../realtime/place/cluster.ts';
import type { HeldPlacement } from '../realtime/placement.ts';
import type { Checked } from '../realtime/problem.ts';
import { isOlder as isOlderVersion } from '../runtime/resource-version.ts';
import type { Stored } from '../store/resource.ts';
import { applyEdits } from './allocation-edit.ts';
import type { AllocationEdit } from './allocation-edit.ts';
import { ClassUse } from './class-limits.ts';
import { withFacts } from './node-facts.ts';
import type { NodeFacts } from './node-facts.ts';
import { standingOf } from './node-standing.ts';
import type { NodeStanding } from './node-standing.ts';
import { OrphanBook } from './orphan-book.ts';
import type { FoundOrphan } from './orphan-book.ts';

type Table = Stored<'RealtimeAllocation'>;

/** What is on record about one node's table. */
interface TableRecord {
  table: Table | undefined;
  /** It has been deleted; what it said counts all the same, until it is made again. */
  gone: boolean;
  /** Decided and not written yet; held all the same, so that the next decision sees it. */
  readonly pending: Map<string, AllocationEdit>;
  /** What our own last write or read gave. */
  written: Table | undefined;
  /** The entries that a write of ours, under way, will make. */
  expected: readonly AllocatedGuest[] | undefined;
  /** Rises when somebody else has changed the spec: what was decided before may not fit any more. */
  epoch: number;
  /** What placement was told, by UID. */
  held: ReadonlyMap<string, PlacementWire>;
}

export interface ClusterViewOptions {
  /** The store turns out to have gone back to an older state. */
  readonly wentBack?: () => void;
  /** A guest that was refused before may be placed now, or at least be told something else. */
  readonly changed?: () => void;
}

export class ClusterView {
  readonly #options: ClusterViewOptions;
  readonly #cluster = new Cluster([], []);
  readonly #nodes = new Map<string, Stored<'RealtimeNode'>>();
  /** What placement was told of each node from, and what was wrong with it. */
  readonly #hosts = new Map<string, { readonly standing: NodeStanding; readonly problem: string | undefined }>();
  readonly #records = new Map<string, TableRecord>();
  readonly #orphans = new OrphanBook();
  readonly classUse = new ClassUse();
  /** Which node's table holds a VM, pending entries included, by UID. */
  readonly #nodeOfVm = new Map<string, string>();

  constructor(options: ClusterViewOptions = {}) {
    this.#options = options;
  }

  /**
   * @param facts what the cluster says of it; undefined without a cluster.
   * @returns what is wrong with the node's spec, for its administrator; such a node takes no guests.
   */
  nodeChanged(node: Stored<'RealtimeNode'>, facts: NodeFacts | undefined): string | undefined {
    const { name } = node.metadata;
    this.#nodes.set(name, node);
    const standing = standingOf(node, facts, this.isUnsettled(name));
    const known = this.#hosts.get(name);
    if (known !== undefined && isDeepStrictEqual(known.standing, standing)) return known.problem;
    this.#orphans.set(name, standing.orphans);
    this.#holdAll(name);
    const problem = this.#offer(name, toHostInventory(node), facts, standing.unsettled);
    this.#hosts.set(name, { standing, problem });
    this.#options.changed?.();
    return problem;
  }

  #offer(name: string, inventory: Checked<HostInventory>, facts: NodeFacts | undefined, unsettled: boolean): string | undefined {
    if (!inventory.ok) {
      this.#cluster.removeHost(name);
      return inventory.problems.map(formatProblem).join('; ');
    }
    const host = facts === undefined ? inventory.value : withFacts(inventory.value, facts);
    this.#cluster.upsertHost(unsettled ? { ...host, notReady: 'its agent has not told yet what runs there beside its RealtimeAllocation' } : host);
    return undefined;
  }

  /**
   * The node's agent has not told (since its table was lost) which domains run that no table names: anything may, on any
   * CPU. I1, I7.
   */
  isUnsettled(name: string): boolean {
    const { allocationUid, orphans } = this.#nodes.get(name)?.status ?? {};
    if (orphans === undefined) return true;
    return allocationUid !== undefined && allocationUid !== this.tableOf(name)?.metadata.uid;
  }

  /** What is held there stays held: its guests may run still. */
  nodeGone(name: string): void {
    this.#nodes.delete(name);
    this.#hosts.delete(name);
    this.#orphans.set(name, []);
    this.#cluster.removeHost(name);
    this.#options.changed?.();
  }

  /**
   * Takes over a table that a watch tells of, unless it is older than our own last write. Such a one is on its way still, or
   * the store was put back to an older state, and only the store itself can say which.
   * @returns whether it was taken over.
   */
  tableSeen(table: Table): boolean {
    const { written } = this.#record(table.metadata.name);
    if (written !== undefined && isOlder(table, written)) return false;
    this.#takeTable(table);
    return true;
  }

  /** Takes over a table that was just written or read. */
  tableKnown(table: Table): void {
    this.#record(table.metadata.name).written = table;
    this.#takeTable(table);
  }

  #takeTable(table: Table): void {
    const record = this.#record(table.metadata.name);
    const wentBack = record.table !== undefined && isOlder(table, record.table);
    const before = record.table?.spec.guests ?? [];
    record.table = table;
    record.gone = false;
    if (wentBack) this.#options.wentBack?.();
    if (isDeepStrictEqual(before, table.spec.guests)) return;
    if (!isDeepStrictEqual(record.expected, table.spec.guests)) record.epoch += 1;
    this.#reindex(table.metadata.name, before);
  }

  /** A table that is gone gives nothing back, since its guests may run still. It is to be made again as it was. */
  tableGone(nodeName: string): void {
    this.#record(nodeName).gone = true;
  }

  isGone(nodeName: string): boolean {
    return this.#records.get(nodeName)?.gone === true;
  }

  /** As last seen, though it may be gone. */
  tableOf(nodeName: string): Table | undefined {
    return this.#records.get(nodeName)?.table;
  }

  /** The node that holds a VM, the VM's entry (pending or written), and the table as written. */
  find(uid: string): { readonly nodeName: string; readonly entry: AllocatedGuest; readonly table: Table | undefined } | undefined {
    const nodeName = this.#nodeOfVm.get(uid);
    const record = nodeName === undefined ? undefined : this.#records.get(nodeName);
    if (nodeName === undefined || record === undefined) return undefined;
    const edit = record.pending.get(uid);
    const entry = edit?.kind === 'put' ? edit.entry : record.table?.spec.guests.find(({ vm }) => vm.uid === uid);
    return entry === undefined ? undefined : { nodeName, entry, table: record.table };
  }

  /** A domain that runs for this VM, or for an earlier one of its name, with no table that says so. */
  orphanOf(vm: { readonly namespace: string; readonly name: string; readonly uid: string }): FoundOrphan | undefined {
    return this.#orphans.find(vm);
  }

  /**
   * Entries that give away what a domain holds that no table names, so that the table cannot say so beside them. Of pages and
   * memory, which are short for all, it is those whose guests do not run. I1, I8.
   * @param uid of the domain's VM.
   */
  inTheWayOf({ nodeName, orphan: { placement } }: FoundOrphan, uid: string): readonly AllocatedGuest[] {
    if (placement === undefined) return [];
    const conflicts = this.#cluster.takenFrom(held(uid, placement), (other) => !other.startsWith(orphanPrefix));
    const holders = new Set(conflicts.map(({ holder }) => holder));
    const running = new Set(this.tableOf(nodeName)?.status?.guests.flatMap((report) => (report.phase === 'Running' ? [report.uid] : [])));
    return this.#entriesOn(nodeName).filter(({ vm }) => vm.uid !== uid && (holders.has(vm.uid) || (holders.has(undefined) && !running.has(vm.uid))));
  }

  /** Whether a domain runs on an entry's node, with nothing in the table that says so, that has what the entry gives. */
  isOverrun(nodeName: string, { vm: { uid } }: AllocatedGuest): boolean {
    return (this.#nodes.get(nodeName)?.status?.orphans ?? []).some((orphan) => (
      orphan.vm !== undefined && orphan.vm.uid !== uid && this.inTheWayOf({ nodeName, orphan }, orphan.vm.uid).some(({ vm }) => vm.uid === uid)
    ));
  }

  /** @param instead decide on the node of this entry alone, as if what it holds there were free. */
  decide(guest: Guest, instead?: AllocatedGuest): Decision {
    if (instead === undefined) return this.#cluster.decide(guest);
    const { vm: { uid }, placement } = instead;
    this.#cluster.release(uid, placement.nodeName);
    try {
      return this.#cluster.decide(guest, { onlyHost: placement.nodeName });
    } finally {
      this.#hold(uid, placement);
    }
  }

  /** The same of one node alone, for telling why it is not that one. */
  decideOn(nodeName: string, guest: Guest): Decision {
    return this.#cluster.decide(guest, { onlyHost: nodeName });
  }

  /** Holds what is about to be written. @returns the epoch that it was decided in. */
  addPending(nodeName: string, uid: string, edit: AllocationEdit): number {
    const record = this.#record(nodeName);
    record.pending.set(uid, edit);
    this.#reindex(nodeName, []);
    return record.epoch;
  }

  /** What was pending has been written, or never will be. */
  clearPending(nodeName: string, edits: ReadonlyMap<string, AllocationEdit>): void {
    const record = this.#record(nodeName);
    for (const [uid, edit] of edits) {
      if (record.pending.get(uid) !== edit) continue;
      record.pending.delete(uid);
      if (this.#nodeOfVm.get(uid) === nodeName) this.#nodeOfVm.delete(uid);
    }
    this.#reindex(nodeName, []);
  }

  epochOf(nodeName: string): number {
    return this.#record(nodeName).epoch;
  }

  /** What the write that is under way will make of the table; undefined when none is. */
  expect(nodeName: string, guests: readonly AllocatedGuest[] | undefined): void {
    this.#record(nodeName).expected = guests;
  }

  #record(nodeName: string): TableRecord {
    let record = this.#records.get(nodeName);
    if (record === undefined) {
      record = { table: undefined, gone: false, written: undefined, pending: new Map(), expected: undefined, epoch: 0, held: new Map() };
      this.#records.set(nodeName, record);
    }
    return record;
  }

  #reindex(nodeName: string, gone: readonly AllocatedGuest[]): void {
    const record = this.#record(nodeName);
    for (const { vm } of gone) if (this.#nodeOfVm.get(vm.uid) === nodeName) this.#nodeOfVm.delete(vm.uid);
    for (const { vm } of record.table?.spec.guests ?? []) this.#nodeOfVm.set(vm.uid, nodeName);
    for (const [uid, edit] of record.pending) if (edit.kind === 'put') this.#nodeOfVm.set(uid, nodeName);
    this.#holdAll(nodeName);
  }

  /** Written and pending. What is to be removed is held until it is. */
  #entriesOn(nodeName: string): readonly AllocatedGuest[] {
    const { table, pending } = this.#record(nodeName);
    return applyEdits(table?.spec.guests ?? [], new Map([...pending].filter(([, edit]) => edit.kind === 'put')));
  }

  /** Makes placement hold exactly what the node's table, what is pending for it, and its orphans say. */
  #holdAll(nodeName: string): void {
    const record = this.#record(nodeName);
    const wanted = new Map<string, PlacementWire>();
    for (const { uuid, placement } of this.#nodes.get(nodeName)?.status?.orphans ?? []) {
      if (placement !== undefined) wanted.set(`${orphanPrefix}${uuid}`, placement);
    }
    for (const entry of this.#entriesOn(nodeName)) {
      if (record.held.get(entry.vm.uid) !== entry.placement) this.classUse.set(entry);
      wanted.set(entry.vm.uid, entry.placement);
    }
    let released = false;
    for (const [uid, placement] of record.held) {
      if (wanted.get(uid) !== placement && !isDeepStrictEqual(wanted.get(uid), placement)) {
        this.#cluster.release(uid, nodeName);
        released = true;
      }
      if (!wanted.has(uid) && !this.#nodeOfVm.has(uid)) this.classUse.remove(uid);
    }
    for (const [uid, placement] of wanted) {
      const before = record.held.get(uid);
      if (before !== placement && !isDeepStrictEqual(before, placement)) this.#hold(uid, placement);
    }
    record.held = wanted;
    if (released) this.#options.changed?.();
  }

  #hold(uid: string, placement: PlacementWire): void {
    this.#cluster.hold(held(uid, placement));
  }
}

/** Before the UUID of a domain that no table names, where it holds something beside VMs. */
const orphanPrefix = 'orphan:';

function held(uid: string, placement: PlacementWire): HeldPlacement {
  return { uid, placement: requireValid(placementFromWire(placement, 'placement'), `what is held on node ${placement.nodeName}`) };
}

/** Of another object of the same name, nobody can say which is older. */
function isOlder({ metadata }: Table, { metadata: than }: Table): boolean {
  return metadata.uid === than.uid && isOlderVersion(metadata.resourceVersion, than.resourceVersion);
}
