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
import { standingOf, unknownBecause } from './node-standing.ts';
import type { KnownNode } from './node-standing.ts';
import { heldOn, readPlacement, unreadable } from './table-claims.ts';
import { isOlder, knownEntries, newTableRecord, sameEntries } from './table-record.ts';
import type { Table, TableRecord } from './table-record.ts';

export interface ClusterViewOptions {
  /** A version of a table was read. */
  readonly read?: (table: Table) => void;
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
  readonly classUse = new ClassUse();
  /** Which node's table holds a VM, pending entries included, by UID. */
  readonly #nodeOfVm = new Map<string, string>();

  constructor(options: ClusterViewOptions = {}) {
    this.#options = options;
  }

  /**
   * @param facts what the cluster says of it; undefined without a cluster.
   * @param closed why nothing new may be started there.
   * @returns what is wrong with the node's spec, for its administrator; such a node takes no guests.
   */
  nodeChanged(
    node: Stored<'RealtimeNode'>, facts: NodeFacts | undefined, closed?: string,
  ): string | undefined {
    const { name } = node.metadata;
    this.#nodes.set(name, node);
    const unknown = unknownBecause(node, this.tableOf(name), this.#records.get(name)?.unreadable);
    const standing = standingOf(node, facts, unknown ?? closed);
    const known = this.#hosts.get(name);
    if (known !== undefined && isDeepStrictEqual(known.standing, standing)) return known.problem;
    this.#holdAll(name);
    const host = offeredHost(node, facts, standing.closed);
    if (host.ok) this.#cluster.upsertHost(host.value);
    else this.#cluster.removeHost(name);
    const problem = host.ok ? undefined : host.problems.map(formatProblem).join('; ');
    this.#hosts.set(name, { standing, facts, closed, problem });
    this.#options.changed?.();
    this.#options.claimed?.(name);
    return problem;
  }

  /** What is held there stays held: its guests may run still. */
  nodeGone(name: string): void {
    this.#nodes.delete(name);
    this.#hosts.delete(name);
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

  /** Takes over a table that was just written, unless a watch has told of a later version meanwhile: it says so once. */
  tableWritten(table: Table): void {
    const record = this.#record(table.metadata.name);
    const isOvertaken = record.table !== undefined && !record.gone && isOlder(table, record.table);
    if (!isOvertaken) this.tableKnown(table);
  }

  /** Takes over a table that was just read. */
  tableKnown(table: Table): void {
    this.#record(table.metadata.name).written = table;
    this.#takeTable(table);
  }

  #takeTable(table: Table): void {
    const { name } = table.metadata;
    const record = this.#record(name);
    const known = record.table;
    const before = known?.spec.guests ?? [];
    const guests = knownEntries(table.spec.guests, before, record.expected);
    record.table = { ...table, spec: { ...table.spec, guests } };
    record.gone = false;
    this.#options.read?.(table);
    if (known === undefined && guests.length === 0) this.#options.claimed?.(name);
    const isSame = sameEntries(before, guests);
    // What was decided over other entries, another seal or another statement may not fit any more.
    if (known !== undefined && !isSameStanding(known, table)) record.epoch += 1;
    else if (!isSame && !sameEntries(record.expected, guests)) record.epoch += 1;
    if (isSame && isDeepStrictEqual(known?.status?.unlisted, table.status?.unlisted)) return;
    const wasUnreadable = record.unreadable;
    record.unreadable = unreadable(guests);
    this.#reindex(name, before);
    const node = record.unreadable === wasUnreadable ? undefined : this.#nodes.get(name);
    const host = this.#hosts.get(name);
    if (node !== undefined) this.nodeChanged(node, host?.facts, host?.closed);
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

  /** Nodes whose tables have an entry of the VM, whatever is pending. */
  namedBy(uid: string): readonly string[] {
    return [...this.#records.keys()].filter((nodeName) => this.written(nodeName, uid) !== undefined);
  }

  /** The entry as the table has it, whatever is pending. */
  written(nodeName: string, uid: string): AllocatedGuest | undefined {
    return this.tableOf(nodeName)?.spec.guests.find(({ vm }) => vm.uid === uid);
  }

  /**
   * Entries that give away what a domain holds that no table names, so that the table cannot say so beside them. Of pages and
   * memory, which are short for all, it is those whose guests do not run. I1, I8.
   * @param uid of the domain's VM.
   */
  inTheWayOf(nodeName: string, uid: string, placement: PlacementWire): readonly AllocatedGuest[] {
    const wanted = heldOn(nodeName, uid, placement);
    if (wanted === undefined) return [];
    const conflicts = this.#cluster.takenFrom(wanted, (other) => !other.startsWith(domainPrefix));
    const holders = new Set(conflicts.map(({ holder }) => holder));
    const running = new Set(this.tableOf(nodeName)?.status?.guests.flatMap((report) => (report.phase === 'Running' ? [report.uid] : [])));
    return this.#entriesOn(nodeName).filter(({ vm }) => vm.uid !== uid && (holders.has(vm.uid) || (holders.has(undefined) && !running.has(vm.uid))));
  }

  /** Whether nobody else has, on the node, what a grant that was made for it claims. I1, I8. */
  hasRoom(nodeName: string, { vm: { uid }, placement }: AllocatedGuest): boolean {
    const wanted = heldOn(nodeName, uid, placement);
    return wanted !== undefined && this.#cluster.takenFrom(wanted, () => true).length === 0;
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

  /** Holds what a grant claims that is in no table yet. */
  reserve(nodeName: string, entry: AllocatedGuest): void {
    this.#record(nodeName).reserved.set(entry.vm.uid, entry);
    this.#reindex(nodeName, []);
  }

  unreserve(nodeName: string, { vm: { uid } }: AllocatedGuest): void {
    this.#record(nodeName).reserved.delete(uid);
    if (this.#nodeOfVm.get(uid) === nodeName) this.#nodeOfVm.delete(uid);
    this.#reindex(nodeName, []);
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
    for (const uid of record.reserved.keys()) this.#nodeOfVm.set(uid, nodeName);
    for (const [uid, edit] of record.pending) if (edit.kind === 'put') this.#nodeOfVm.set(uid, nodeName);
    this.#holdAll(nodeName);
  }

  /** Written, reserved and pending. What is to be removed is held until it is. */
  #entriesOn(nodeName: string): readonly AllocatedGuest[] {
    const { table, reserved, pending } = this.#record(nodeName);
    const puts = [...reserved].map(([uid, entry]): [string, AllocationEdit] => [uid, { kind: 'put', entry }]);
    return applyEdits(table?.spec.guests ?? [], new Map([...puts, ...[...pending].filter(([, edit]) => edit.kind === 'put')]));
  }

  /** Makes placement hold exactly what the node's table, what is reserved and pending for it, and its domains say. */
  #holdAll(nodeName: string): void {
    const record = this.#record(nodeName);
    const wanted = new Map<string, PlacementWire>();
    const domains = [...this.#nodes.get(nodeName)?.status?.orphans ?? [], ...record.table?.status?.unlisted ?? []];
    for (const { uuid, placement } of domains) if (placement !== undefined) wanted.set(`${domainPrefix}${uuid}`, placement);
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
      held === readable, 'placement holds on a node what its table and its domains say', { nodeName, held, readable },
    );
    if (released) this.#options.changed?.();
  }

  #hold(uid: string, placement: PlacementWire, nodeName: string): void {
    const placed = heldOn(nodeName, uid, placement);
    if (placed !== undefined) this.#cluster.hold(placed);
  }
}

/** Before the UUID of a domain that no table names, where it holds something beside VMs. */
const domainPrefix = 'domain:';

/** Whether the seal, and what the agent states but for its guests, are as they were. */
function isSameStanding({ spec: one, status: was }: Table, { spec: other, status: is }: Table): boolean {
  return one.term === other.term && one.session === other.session && one.restore === other.restore
    && one.fenced === other.fenced && isDeepStrictEqual(one.kept, other.kept)
    && was?.session === is?.session && was?.term === is?.term && was?.wentBack === is?.wentBack;
}
