/**
 * One state of a small world: a store, hosts, a controller that leads, what is late, and what a person and fate may
 * still do. Plain data.
 */

export type Desired = 'Running' | 'Stopped' | 'Removed';

export interface Run {
  readonly grant: number;
  readonly node: number;
  readonly open: boolean;
  /** Of the grant, whose name is made of it. */
  readonly spec: number;
}

/** A RealtimeVM; its place in the list is its UID, and its place modulo the number of names is its name. */
export interface Vm {
  readonly deleted: boolean;
  readonly finalizer: boolean;
  readonly halted: boolean;
  /** A restart was asked for since the run's grant was made. */
  readonly renew: boolean;
  /** Version of the spec: 0 or 1. */
  readonly spec: number;
  readonly run: Run | null;
  /** The node that has its NodeLocal disks, or will. */
  readonly boundTo: number | null;
  /** Without a run: the node that its status names as the one that it was placed on. */
  readonly past: number | null;
}

export interface Entry {
  readonly uid: number;
  readonly grant: number;
  /** What the guest is made of, among the grant's bytes. */
  readonly spec: number;
  readonly desired: Desired;
}

export interface TableSpec {
  /** UID of the object. */
  readonly tid: number;
  readonly count: number;
  /** Null: written by a controller of the version before. */
  readonly seal: { readonly id: number; readonly term: number } | null;
  /** The restore that it was sealed for. */
  readonly restore: number;
  /** 0: none. */
  readonly session: number;
  readonly fenced: boolean;
  readonly kept: readonly number[];
  readonly entries: readonly Entry[];
}

export interface Stated {
  readonly uid: number;
  readonly grant: number;
  readonly spec: number;
  readonly runs: boolean;
  /** Its threads are where its grant says. */
  readonly pinned: boolean;
}

export interface Statement {
  readonly session: number;
  readonly number: number;
  readonly seal: number;
  readonly wentBack: 'No' | 'Yes' | 'BeforeRestore';
  readonly domains: readonly Stated[];
  readonly answers: readonly { readonly grant: number; readonly desired: Desired }[];
}

export interface NodeTable {
  readonly spec: TableSpec;
  readonly statement: Statement | null;
}

/** All that etcd holds, and so all that a restore puts back. */
export interface Store {
  readonly vms: readonly (Vm | null)[];
  readonly tables: readonly (NodeTable | null)[];
  readonly restore: {
    readonly id: number; readonly found: boolean; readonly accepted: readonly boolean[] | null;
  } | null;
  /** The leader's Lease is long past. */
  readonly past: boolean;
  /** Session in each agent's Lease, and its last statement then. */
  readonly leases: readonly { readonly session: number; readonly statement: number }[];
  /** A person's word that a machine is off. */
  readonly words: readonly boolean[];
  /** RealtimeNodes that are there. */
  readonly nodes: readonly boolean[];
}

export interface Domain {
  readonly grant: number;
  readonly spec: number;
  readonly pinned: boolean;
  readonly live: boolean;
  /** A start is under way in libvirt. */
  readonly job: boolean;
  /** Process that defined it. */
  readonly by: number;
}

export interface Host {
  readonly on: boolean;
  readonly note: {
    readonly tid: number;
    readonly count: number;
    readonly seal: number;
    readonly restore: number;
    readonly wentBack: boolean;
    /** What the table was sealed for when it was noticed. */
    readonly under: number;
  } | null;
  readonly agent: {
    readonly session: number;
    readonly process: number;
    /** It has written a statement in this session. */
    readonly stated: boolean;
    /** How many it has written. */
    readonly statements: number;
    readonly cache: TableSpec | null;
    /** Of the version before: it knows no sessions. */
    readonly old: boolean;
  } | null;
  /** By UID. */
  readonly domains: readonly (Domain | null)[];
  /** By UID: whether its NodeLocal disks are here. */
  readonly disks: readonly boolean[];
}

export interface Leader {
  readonly term: number;
  readonly remembersMore: boolean;
  readonly agreed: readonly boolean[];
  readonly made: readonly ('No' | 'Kept' | 'MayBeUnderWay')[];
  /** By UID: it was bound to no node before the grant was made. */
  readonly unbound: readonly boolean[];
  /** Entries of tables that were deleted since it leads. */
  readonly lost: readonly (readonly Entry[] | null)[];
}

/** A write on its way: it lands if the object is still the one that it was decided on. */
export type Late =
  | {
    readonly kind: 'vm'; readonly at: number;
    readonly expect: Vm | null; readonly put: Vm | null; readonly says: string;
  }
  | {
    readonly kind: 'table'; readonly at: number;
    readonly expect: NodeTable | null; readonly put: NodeTable; readonly says: string;
  };

export type Fault =
  | 'kill' | 'agentCrash' | 'freeze' | 'takeover' | 'slow' | 'giveUp' | 'lapse' | 'tableDeleted'
  | 'restore' | 'restoreAway' | 'domainEnds' | 'oldLeader' | 'oldStatus' | 'behind' | 'lie' | 'double' | 'lateWord'
  | 'drift' | 'nodeDeleted';
export type Wish = 'halt' | 'renew' | 'edit' | 'delete' | 'recreate';

export interface State {
  readonly store: Store;
  /** By the leader's clock. */
  readonly alive: readonly boolean[];
  readonly hosts: readonly Host[];
  readonly leader: Leader;
  readonly late: Late | null;
  /** The leader's watch of this node's table is behind: this is what it sees of it. */
  readonly behind: { readonly node: number; readonly table: NodeTable | null } | null;
  readonly snapshot: Store | null;
  readonly faults: number;
  readonly wishes: number;
  readonly lied: boolean;
  readonly restored: boolean;
  /**
   * For the checker alone: grants that a person has ended, and nodes where something has ended since the last
   * statement.
   */
  readonly condemned: readonly number[];
  readonly excused: readonly boolean[];
  /** Names that nobody has used. */
  readonly fresh: number;
}

/** The node whose agent lies, where one does, and from then on says nothing else. */
export const liar = 1;

export function replaced<Item>(list: readonly Item[], at: number, item: Item): readonly Item[] {
  return list.map((old, index) => (index === at ? item : old));
}

export function withTable(state: State, at: number, table: NodeTable | null): State {
  return { ...state, store: { ...state.store, tables: replaced(state.store.tables, at, table) } };
}

export function withVm(state: State, at: number, vm: Vm | null): State {
  return { ...state, store: { ...state.store, vms: replaced(state.store.vms, at, vm) } };
}

export function withHost(state: State, at: number, change: Partial<Host>): State {
  return { ...state, hosts: replaced(state.hosts, at, { ...state.hosts[at]!, ...change }) };
}

export function withDomain(state: State, at: number, uid: number, domain: Domain | null): State {
  return withHost(state, at, { domains: replaced(state.hosts[at]!.domains, uid, domain) });
}

export function withDisk(state: State, at: number, uid: number, isThere: boolean): State {
  return withHost(state, at, { disks: replaced(state.hosts[at]!.disks, uid, isThere) });
}
