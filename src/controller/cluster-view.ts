/** The controller's picture of nodes and of what is held on them, kept up change by change for placement to decide on. */
import { isDeepStrictEqual } from 'node:util';
import { formatProblem } from '../crds/document-problem.ts';
import type { PlacementWire } from '../crds/placement-schema.ts';
import type { AllocatedGuest } from '../crds/realtime-allocation.ts';
import { assert } from '../realtime/assert.ts';
import type { Decision } from '../realtime/decision.ts';
import type { Guest } from '../realtime/guest.ts';
import type { HostInventory } from '../realtime/host.ts';
import { Cluster } from '../realtime/place/cluster.ts';
import type { Stored } from '../store/resource.ts';
import { applyEdits } from './allocation-edit.ts';
import type { AllocationEdit } from './allocation-edit.ts';
import { ClassUse } from './class-limits.ts';
import { offeredHost } from './node-facts.ts';
import type { NodeFacts } from './node-facts.ts';
import { standingOf, unsettledBecause } from './node-standing.ts';
import type { KnownNode } from './node-standing.ts';
import { OrphanBook } from './orphan-book.ts';
import type { FoundOrphan } from './orphan-book.ts';
import { heldOn, readPlacement, unreadable } from './table-claims.ts';
import { isOlder, knownEntries, newTableRecord, sameEntries } from './table-record.ts';
import type { Table, TableRecord } from './table-record.ts';

export interface ClusterViewOptions {
  /** The store turns out to have gone back to an older state. */
  readonly wentBack?: () => void;
  /** A guest that was refused before may be placed now, or at least be told something else. */
  readonly changed?: () => void;
  /** What a table gives, or what its node has, was read and is not as before. */
  readonly claimed?: (nodeName: string) => void;
}

export class ClusterView {
  readonly #options: ClusterViewOptions;
  readonly #cluster = new Cluster([], []);
  readonly #nodes = new Map<string, Stored<'RealtimeNode'>>();
  /** What placement was told of each node from, and what was wrong with it. */
  readonly #hosts = new Map<string, KnownNode>();
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
    const standing = standingOf(node, facts, this.unsettledBecause(name));
    const known = this.#hosts.get(name);
    if (known !== undefined && isDeepStrictEqual(known.standing, standing)) return known.problem;
    this.#orphans.set(name, standing.orphans);
    this.#holdAll(name);
    const host = offeredHost(node, facts, standing.unsettled);
    if (host.ok) this.#cluster.upsertHost(host.value);
    else this.#cluster.removeHost(name);
    const problem = host.ok ? undefined : host.problems.map(formatProblem).join('; ');
    this.#hosts.set(name, { standing, facts, problem });
    this.#options.changed?.();
    this.#options.claimed?.(name);
    return problem;
  }

  /** Whether it is not known what runs there: anything may, on any CPU. I1, I7. */
  isUnsettled(name: string): boolean {
    return this.unsettledBecause(name) !== undefined;
  }

  unsettledBecause(name: string): string | undefined {
    return unsettledBecause(this.#nodes.get(name), this.tableOf(name), this.#records.get(name)?.unreadable);
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
    const { name } = table.metadata;
    const record = this.#record(name);
    const wentBack = record.table !== undefined && isOlder(table, record.table);
    const isFirst = record.table === undefined;
    const before = record.table?.spec.guests ?? [];
    const guests = knownEntries(table.spec.guests, before, record.expected);
    record.table = { ...table, spec: { ...table.spec, guests } };
    record.gone = false;
    if (wentBack) this.#options.wentBack?.();
    if (isFirst && guests.length === 0) this.#options.claimed?.(name);
    if (sameEntries(before, guests)) return;
    if (!sameEntries(record.expected, guests)) record.epoch += 1;
    const wasUnreadable = record.unreadable;
    record.unreadable = unreadable(guests);
    this.#reindex(name, before);
    const node = record.unreadable === wasUnreadable ? undefined : this.#nodes.get(name);
    if (node !== undefined) this.nodeChanged(node, this.#hosts.get(name)?.facts);
    this.#options.claimed?.(name);
  }

  /** A table that is gone gives nothing back, since its guests may run still. It is to be made again as it was. */
  tableGone(nodeName: string): void {
    this.#record(nodeName).gone = true;
  }

  isGone(nodeName: string): boolean {
    return this.#records.get(nodeName)?.gone === true;
  }

  /** Places nothing there before something of the node changes. What is held there stays held. */
  setAside(nodeName: string): void {
    this.#hosts.delete(nodeName);
    this.#cluster.removeHost(nodeName);
    this.#options.changed?.();
  }

  /** A node's hardware, and what its administrator offers; undefined where it is gone, or its spec is wrong. */
  inventoryOf(nodeName: string): HostInventory | undefined {
    return this.#cluster.inventoryOf(nodeName);
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
    const wanted = heldOn(nodeName, uid, placement);
    if (wanted === undefined) return [];
    const conflicts = this.#cluster.takenFrom(wanted, (other) => !other.startsWith(orphanPrefix));
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

  /** Slices of work that make {@link ClusterView.decide} quick where there are thousands of nodes. */
  consider(guest: Guest): Iterable<undefined> {
    return this.#cluster.consider(guest);
  }

  /** @param instead decide on the node of this entry alone, as if what it holds there were free. */
  decide(guest: Guest, instead?: AllocatedGuest): Decision {
    if (instead === undefined) return this.#cluster.decide(guest);
    const { vm: { uid }, placement } = instead;
    const nodeName = this.#nodeOfVm.get(uid) ?? placement.nodeName;
    this.#cluster.release(uid, nodeName);
    try {
      return this.#cluster.decide(guest, { onlyHost: nodeName });
    } finally {
      this.#hold(uid, placement, nodeName);
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
    const known = this.#records.get(nodeName);
    if (known !== undefined) return known;
    const record = newTableRecord();
    this.#records.set(nodeName, record);
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
      if (before !== placement && !isDeepStrictEqual(before, placement)) this.#hold(uid, placement, nodeName);
    }
    record.held = wanted;
    const readable = wanted.values().filter((placement) => readPlacement(placement).ok).toArray().length;
    const held = this.#cluster.heldCount(nodeName);
    assert(
      held === readable, 'placement holds on a node what its table and its orphans say', { nodeName, held, readable },
    );
    if (released) this.#options.changed?.();
  }

  #hold(uid: string, placement: PlacementWire, nodeName: string): void {
    const placed = heldOn(nodeName, uid, placement);
    if (placed !== undefined) this.#cluster.hold(placed);
  }
}

/** Before the UUID of a domain that no table names, where it holds something beside VMs. */
const orphanPrefix = 'orphan:';
