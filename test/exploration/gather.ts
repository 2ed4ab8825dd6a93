/** What the leader knows, gathered from a state as the product's tables ask for it. */
import type { NodeSituation } from '../../src/protocol/node-table.ts';
import type { RestoreSituation } from '../../src/protocol/restore-table.ts';
import { takesGuests } from '../../src/protocol/vm-situation.ts';
import type { Copy, Home, VmSituation } from '../../src/protocol/vm-situation.ts';
import type { Entry, NodeTable, State } from './state.ts';
import { claimsOf, nameOf } from './world.ts';
import type { Tables, World } from './world.ts';

export function heard({ isHeard }: Tables, { leader, store }: State, table: NodeTable | null): boolean {
  if (table?.spec.seal == null || table.statement === null) return false;
  if (store.restore?.accepted?.[store.tables.indexOf(table)] === true) return false;
  const { id, term } = table.spec.seal;
  const stated = table.statement.seal;
  return isHeard(
    { seal: { term: String(term), round: id }, restore: name(table.spec.restore) },
    // Rounds are never used twice, so that a round tells its term.
    { seal: { term: stated === id ? String(term) : '', round: stated } },
    { term: String(leader.term), restore: name(store.restore?.id ?? 0) },
  );
}

function name(id: number): string | undefined {
  return id === 0 ? undefined : String(id);
}

export function isOpenRun(state: State, uid: number, grant: number, node: number): boolean {
  const run = state.store.vms[uid]?.run;
  return run != null && run.open && run.grant === grant && run.node === node;
}

function pastOf(state: State, uid: number): number | null {
  const vm = state.store.vms[uid];
  return vm?.run === null ? vm.past : null;
}

/** A person who has said that it is off has said that nothing lives there. */
function pastIsUnheard(tables: Tables, state: State, uid: number): boolean {
  const past = pastOf(state, uid);
  if (past === null || state.store.restore?.accepted?.[past] === true) return false;
  const table = state.store.tables[past] ?? null;
  if (table === null && !state.store.nodes[past]!) return false;
  return table?.spec.fenced !== true && !heard(tables, state, table);
}

export function contradicts(tables: Tables, state: State, node: number): boolean {
  const table = state.store.tables[node]!;
  if (!heard(tables, state, table)) return false;
  const { wentBack, domains } = table.statement!;
  const livesUnnamed = domains.some(({ uid, grant }) => (
    state.store.vms[uid] != null && !isOpenRun(state, uid, grant, node) && pastOf(state, uid) !== node
    && !table.spec.entries.some((entry) => entry.grant === grant)
  ));
  return tables.contradictsStore({ wentBack, livesUnnamed, restoreIsOpen: state.store.restore !== null });
}

function tableStanding(state: State, node: number): Home['table'] {
  const table = state.store.tables[node];
  if (table == null) return 'Absent';
  return table.spec.seal?.term === state.leader.term ? 'Mine' : 'Foreign';
}

export function isOpen(table: NodeTable | null): boolean {
  return table?.statement != null && table.spec.session !== 0 && table.spec.session === table.statement.session;
}

function answered(table: NodeTable, { grant, desired }: Entry): boolean {
  return desired !== 'Running'
    && table.statement?.answers.some((answer) => answer.grant === grant && answer.desired === desired) === true;
}

export function isOverWhileOpen(tables: Tables, { store }: State, node: number, entry: Entry): boolean {
  const vm = store.vms[entry.uid];
  const where = vm == null ? 'Gone' : (vm.run?.node ?? node) === node ? 'Here' : 'Elsewhere';
  return tables.isOverWhileOpen({ vm: where, answered: answered(store.tables[node]!, entry) });
}

function straysOf(tables: Tables, world: World, state: State, node: number): NodeSituation['strays'] {
  const table = state.store.tables[node];
  if (table == null) return 'None';
  const strays = table.spec.entries.filter((entry) =>
    !isOpenRun(state, entry.uid, entry.grant, node) && !isKeptHome(tables, world, state, node, entry));
  const lives = ({ uid, grant }: Entry) =>
    state.store.vms[uid] != null && table.statement?.domains.some((domain) => domain.grant === grant) === true;
  if (isOpen(table) && !table.spec.fenced) {
    return strays.some((entry) => isOverWhileOpen(tables, state, node, entry)) ? 'Over' : 'None';
  }
  if (strays.some(lives)) return 'Live';
  const others = strays.filter(({ grant }) =>
    table.statement?.domains.some((domain) => domain.grant === grant) !== true);
  if (others.some((entry) => entry.desired === 'Removed' && !answered(table, entry))) return 'Removing';
  return others.length > 0 ? 'Over' : 'None';
}

/** Domains whose VMs are gone: all in a restore, else those that are kept already. */
export function homelessOn(tables: Tables, state: State, node: number): readonly number[] {
  const table = state.store.tables[node] ?? null;
  if (table === null || !heard(tables, state, table)) return table?.spec.kept ?? [];
  return table.statement!.domains.filter(({ uid, grant }) => (
    state.store.vms[uid] == null && (state.store.restore !== null || table.spec.kept.includes(grant))
    && !table.spec.entries.some((entry) => entry.grant === grant)
  )).map(({ grant }) => grant).sort((a, b) => a - b);
}

export function nodeSituation(tables: Tables, world: World, state: State, node: number): NodeSituation {
  const { store, alive, leader } = state;
  const table = store.tables[node] ?? null;
  return {
    table: tableStanding(state, node),
    restoreIsOpen: store.restore !== null,
    sealedForRestore: store.restore !== null && table?.spec.restore === store.restore.id,
    word: store.words[node]!,
    lapsed: !alive[node]!,
    // Whatever kubelet says: the worst is assumed.
    nodeReady: false,
    fenced: table?.spec.fenced === true,
    unanswered: state.late?.kind === 'table' && state.late.at === node,
    heard: heard(tables, state, table),
    isOpen: isOpen(table),
    contradicts: contradicts(tables, state, node),
    agreedBefore: leader.agreed[node]!,
    homeless: table === null || homelessOn(tables, state, node).join() === table.spec.kept.join()
      ? 'AsKept' : 'Otherwise',
    strays: straysOf(tables, world, state, node),
  };
}

function takes(tables: Tables, world: World, state: State, node: number): boolean {
  const { table, heard: isHeardNow, isOpen: open, fenced, word, lapsed, contradicts: does } =
    nodeSituation(tables, world, state, node);
  return !does && takesGuests({ table, heard: isHeardNow, isOpen: open, fenced, word, alive: !lapsed });
}

/** There is a RealtimeNode, or a table that holds something, or an agent that renews its Lease. */
function isKnown({ asksAgentsThere }: Tables, { store, hosts }: State, node: number): boolean {
  const { entries = [], kept = [] } = store.tables[node]?.spec ?? {};
  const isThere = asksAgentsThere && hosts[node]!.agent !== null;
  return store.nodes[node]! || entries.length > 0 || kept.length > 0 || isThere;
}

export function allHeard(tables: Tables, state: State): boolean {
  const { restore } = state.store;
  return restore === null || state.store.tables.every((table, node) => !isKnown(tables, state, node) || (
    table !== null && table.spec.restore === restore.id
    && (restore.accepted?.[node] === true || heard(tables, state, table))
  ));
}

function copiesOf(tables: Tables, world: World, state: State, uid: number): readonly Copy[] {
  const run = state.store.vms[uid]?.run ?? null;
  return state.store.tables.flatMap((table, node) => {
    if (!heard(tables, state, table)) return [];
    return table!.statement!.domains.flatMap((domain): Copy[] => {
      if (nameOf(world, domain.uid) !== nameOf(world, uid)) return [];
      if (run?.open === true && domain.uid === uid && run.node === node && run.grant === domain.grant) return [];
      const believed = tables.isBelieved({
        restoreIsOpen: state.store.restore !== null,
        nodeIsRuns: (run === null ? pastOf(state, uid) : run.node) === node,
        isInTable: table!.spec.kept.includes(domain.grant)
          || table!.spec.entries.some(({ grant }) => grant === domain.grant),
      });
      return believed ? [{ node: String(node), sameVm: domain.uid === uid }] : [];
    });
  });
}

function homeOf(tables: Tables, world: World, state: State, uid: number): Home | undefined {
  const run = state.store.vms[uid]?.run;
  if (run == null) return undefined;
  const table = state.store.tables[run.node] ?? null;
  const entry = table?.spec.entries.find((one) => one.uid === uid);
  const isHeardNow = heard(tables, state, table);
  return {
    table: tableStanding(state, run.node),
    heard: isHeardNow,
    acceptedOff: state.store.restore?.accepted?.[run.node] === true,
    takesGuests: takes(tables, world, state, run.node),
    fenced: table?.spec.fenced === true,
    hasRoom: hasRoom(world, state, run.node, uid, run.spec),
    entry: entry === undefined ? undefined : {
      isRuns: entry.grant === run.grant, desired: entry.desired, answered: answered(table!, entry),
    },
    lives: isHeardNow && table!.statement!.domains.some(({ grant }) => grant === run.grant),
  };
}

/** Nobody else has what the VM claims by this spec. */
function hasRoom(world: World, { store }: State, node: number, uid: number, spec: number): boolean {
  const table = store.tables[node] ?? null;
  const isFree = (other: { readonly uid: number; readonly spec: number }) =>
    other.uid === uid || (claimsOf(world, other) & claimsOf(world, { uid, spec })) === 0;
  return table !== null && table.spec.entries.every(isFree) && (table.statement?.domains.every(isFree) ?? true);
}

/** Nodes that have what it claims, and nobody is about to get it. */
export function roomFor(tables: Tables, world: World, state: State, uid: number): readonly number[] {
  const { vms, tables: all, nodes } = state.store;
  const { spec, boundTo } = vms[uid]!;
  return all.flatMap((table, node) => {
    if (table === null || !nodes[node]! || !takes(tables, world, state, node)) return [];
    if (world.nodeLocal === true && boundTo !== null && boundTo !== node) return [];
    const isPromised = vms.some((vm, other) => other !== uid && vm?.run?.node === node && vm.run.open
      && (claimsOf(world, { uid: other, spec: vm.run.spec }) & claimsOf(world, { uid, spec })) !== 0);
    return !isPromised && hasRoom(world, state, node, uid, spec) ? [node] : [];
  });
}

export function vmSituation(
  tables: Tables, world: World, state: State, uid: number, candidate: number | undefined,
): VmSituation {
  const vm = state.store.vms[uid]!;
  const { restore } = state.store;
  return {
    restore: restore === null ? undefined : { kind: restore.found ? 'found' : 'suspected' },
    allHeard: allHeard(tables, state),
    deleted: vm.deleted, finalizer: vm.finalizer, wish: vm.halted ? 'Halt' : 'Run', renew: vm.renew,
    hasOldEntry: vm.run === null
      && state.store.tables.some((table) => table?.spec.entries.some((entry) => entry.uid === uid)),
    pastIsUnheard: pastIsUnheard(tables, state, uid), isBound: isBound(world, state, uid),
    run: vm.run === null ? undefined : { state: vm.run.open ? 'Open' : 'Closed' },
    home: homeOf(tables, world, state, uid),
    copies: copiesOf(tables, world, state, uid),
    made: state.leader.made[uid]!,
    candidate: candidate === undefined ? undefined : { node: String(candidate), isHome: vm.run?.node === candidate },
  };
}

/** Its entry is where its NodeLocal disks are. */
function isBound(world: World, { store }: State, uid: number): boolean {
  const { run, boundTo } = store.vms[uid]!;
  if (world.nodeLocal !== true || run === null) return false;
  const hasEntry = store.tables[run.node]?.spec.entries.some((entry) => entry.uid === uid) === true;
  return hasEntry && (boundTo ?? run.node) === run.node;
}

/** A VM's last entry stays where its NodeLocal disks are until the next is there: they are removed by it. */
export function isKeptHome(tables: Tables, world: World, { store }: State, node: number, entry: Entry): boolean {
  const vm = store.vms[entry.uid];
  if (world.nodeLocal !== true || vm == null) return false;
  const isHere = vm.run?.node === node ? 'OpenHere' : 'OpenElsewhere';
  return tables.isKeptHome({ desired: entry.desired, run: vm.run?.open === true ? isHere : 'NotOpen' });
}

export function isSettled(tables: Tables, world: World, state: State, uid: number): boolean {
  const vm = state.store.vms[uid];
  if (vm == null) return true;
  const home = homeOf(tables, world, state, uid);
  if (copiesOf(tables, world, state, uid).some(({ sameVm }) => sameVm)) return false;
  if (vm.deleted) return vm.run === null || !vm.run.open || home!.entry?.desired === 'Removed';
  return vm.run === null || !vm.run.open || (home!.lives && home!.entry?.isRuns === true);
}

/** @param leaseLongPast asked only of one that takes over. */
export function restoreSituation(tables: Tables, world: World, state: State, leaseLongPast: boolean): RestoreSituation {
  const { restore, tables: all } = state.store;
  return {
    restore: restore === null ? undefined : {
      kind: restore.found ? 'found' : 'suspected', accepted: restore.accepted !== null,
    },
    remembersMore: state.leader.remembersMore,
    leaseLongPast,
    allSealed: all.every((table, node) =>
      !isKnown(tables, state, node) || (table !== null && table.spec.restore === restore?.id)),
    allHeard: allHeard(tables, state),
    anyContradicts: all.some((_, node) => contradicts(tables, state, node)),
    allSettled: state.store.vms.every((_, uid) => isSettled(tables, world, state, uid))
      && all.every((table, node) => !isKnown(tables, state, node)
        || (table !== null && homelessOn(tables, state, node).join() === table.spec.kept.join())),
  };
}
