/** A named world: what is there at first, what may go wrong in it, and by which tables it is decided. */
import { guestTable, mayState } from '../../src/protocol/guest-table.ts';
import { isKeptHome, isOverWhileOpen, nodeTable } from '../../src/protocol/node-table.ts';
import { readingTable } from '../../src/protocol/reading-table.ts';
import { restoreTable } from '../../src/protocol/restore-table.ts';
import { contradictsStore, isBelieved, isHeard } from '../../src/protocol/vm-situation.ts';
import { vmTable } from '../../src/protocol/vm-table.ts';
import { whyNotVerified } from '../../src/protocol/verified.ts';
import type { Fault, State, Vm, Wish } from './state.ts';

/** The product's own tables; a planted bug changes one of them. */
export const product = {
  vmTable, nodeTable, restoreTable, guestTable, readingTable, whyNotVerified,
  mayState, isOverWhileOpen, isKeptHome, isBelieved, isHeard, contradictsStore,
  leaseAfterFirstLook: true, adoptsOwnBytes: true, asksAgentsThere: true,
};
export type Tables = typeof product;

export interface World {
  readonly name: string;
  readonly nodes: number;
  /** VMs that are wanted. */
  readonly vms: number;
  readonly faults: readonly Fault[];
  readonly maxFaults: number;
  readonly wishes: readonly Wish[];
  readonly maxWishes: number;
  /** `empty`: no table is there yet. `running`: all VMs run, and nothing is left to be done. */
  readonly begins: 'empty' | 'running';
  /**
   * `fine`: an agent reads, states and renews in three steps, and anything may come between. `coarse`: in one; what
   * comes between
   * is left to the fine worlds.
   */
  readonly grain: 'fine' | 'coarse';
  /** VMs have NodeLocal disks. */
  readonly nodeLocal?: boolean;
  /** One host without a cluster: controller and agent are one process; a backup is put back while it does not run. */
  readonly together?: boolean;
  /** Of VM and version of its spec: what of a node it claims, a bit each. Absent: the one CPU. */
  readonly claims?: readonly (readonly number[])[];
  /** Nodes that begin with an agent, a table and a running VM of the version before. */
  readonly oldAgents?: readonly number[];
}

/** As a person makes it. */
export const newVm: Vm = {
  deleted: false, finalizer: false, halted: false, renew: false, spec: 0, run: null, boundTo: null, past: null,
};

/** All hosts are up, their agents too; no table is there yet, and the first controller has just begun to lead. */
export function firstState({ nodes, vms, wishes, oldAgents = [] }: World): State {
  const each = <Item>(item: (at: number) => Item) => Array.from({ length: nodes }, (_, at) => item(at));
  const uids = vms * (wishes.includes('recreate') ? 3 : 1);
  return {
    store: {
      vms: Array.from({ length: uids }, (_, uid) => (
        uid < vms ? { ...newVm, finalizer: true } : null
      )),
      tables: each((at) => (oldAgents.includes(at)
        ? {
          spec: {
            tid: 90 + at, count: 0, seal: null, restore: 0, session: 0, fenced: false,
            kept: [], entries: [{ uid: at, grant: 80 + at, spec: 0, desired: 'Running' }],
          },
          statement: null,
        }
        : null)),
      restore: null, past: false, leases: each(() => ({ session: 0, statement: 0 })), words: each(() => false),
      nodes: each(() => true),
    },
    alive: each(() => false),
    hosts: each((at) => ({
      on: true, note: null,
      agent: {
        session: 10 + at, process: 20 + at, stated: false, statements: 0, cache: null, old: oldAgents.includes(at),
      },
      domains: Array.from({ length: uids }, (_, uid) => (
        oldAgents.includes(at) && uid === at
          ? { grant: 80 + at, spec: 0, pinned: true, live: true, job: false, by: 20 + at } : null
      )),
      disks: Array.from({ length: uids }, () => false),
    })),
    leader: {
      term: 1, remembersMore: false, agreed: each(() => false),
      made: Array.from({ length: uids }, () => 'No' as const),
      unbound: Array.from({ length: uids }, () => false), lost: each(() => null),
    },
    late: null, behind: null, snapshot: null, faults: 0, wishes: 0, lied: false, restored: false,
    condemned: [], excused: each(() => false), fresh: 100,
  };
}

/** How many VMs have names; a VM made again has the next UID of its name. */
export function nameOf({ vms }: World, uid: number): number {
  return uid % vms;
}

export function claimsOf({ claims }: World, { uid, spec }: { readonly uid: number; readonly spec: number }): number {
  return claims?.[uid]?.[spec] ?? 1;
}
