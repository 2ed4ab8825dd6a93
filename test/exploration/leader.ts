/** The controller that leads: gathers what the product's tables ask for, and carries out what they say. */
import { nextNodeStep } from '../../src/protocol/node-table.ts';
import type { NodeSituation } from '../../src/protocol/node-table.ts';
import { nextRestoreStep } from '../../src/protocol/restore-table.ts';
import { takesGuests } from '../../src/protocol/vm-situation.ts';
import type { Copy, Home, VmSituation } from '../../src/protocol/vm-situation.ts';
import { nextVmStep } from '../../src/protocol/vm-table.ts';
import { replaced, withTable, withVm } from './state.ts';
import type { Desired, Entry, Late, NodeTable, State, TableSpec, Vm } from './state.ts';
import { nameOf } from './world.ts';
import type { Tables, World } from './world.ts';

/** One step that may come next. */
export interface Event {
  readonly says: string;
  readonly next: State;
  /** A write of the leader, before it has landed. */
  readonly late?: Late | undefined;
}

type Sealed = NonNullable<TableSpec['seal']>;

function heard({ isHeard }: Tables, { leader, store }: State, table: NodeTable | null): boolean {
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

function isOpenRun(state: State, uid: number, grant: number, node: number): boolean {
  const run = state.store.vms[uid]?.run;
  return run != null && run.open && run.grant === grant && run.node === node;
}

function contradicts(tables: Tables, state: State, node: number): boolean {
  const table = state.store.tables[node]!;
  if (!heard(tables, state, table)) return false;
  const { wentBack, domains } = table!.statement!;
  const livesUnnamed = domains.some(({ uid, grant }) => (
    state.store.vms[uid] != null && !isOpenRun(state, uid, grant, node) && !table!.spec.entries.some((entry) => entry.grant === grant)
  ));
  return tables.contradictsStore({ wentBack, livesUnnamed, restoreIsOpen: state.store.restore !== null });
}

function tableStanding(state: State, node: number): Home['table'] {
  const table = state.store.tables[node];
  if (table == null) return 'Absent';
  return table.spec.seal?.term === state.leader.term ? 'Mine' : 'Foreign';
}

function isOpen(table: NodeTable | null): boolean {
  return table?.statement != null && table.spec.session !== 0 && table.spec.session === table.statement.session;
}

function answered(table: NodeTable, { grant, desired }: Entry): boolean {
  return desired !== 'Running' && table.statement?.answers.some((answer) => answer.grant === grant && answer.desired === desired) === true;
}

function straysOf(state: State, node: number): NodeSituation['strays'] {
  const table = state.store.tables[node];
  if (table == null) return 'None';
  const strays = table.spec.entries.filter(({ uid, grant }) => !isOpenRun(state, uid, grant, node));
  const lives = ({ uid, grant }: Entry) => state.store.vms[uid] != null && table.statement?.domains.some((domain) => domain.grant === grant) === true;
  if (isOpen(table) && !table.spec.fenced) {
    return strays.some((entry) => state.store.vms[entry.uid] == null && answered(table, entry)) ? 'Over' : 'None';
  }
  if (strays.some(lives)) return 'Live';
  const others = strays.filter(({ grant }) => table.statement?.domains.some((domain) => domain.grant === grant) !== true);
  if (others.some((entry) => entry.desired === 'Removed' && !answered(table, entry))) return 'Removing';
  return others.length > 0 ? 'Over' : 'None';
}

/** Domains whose VMs are gone: all in a restore, else those that are kept already. */
function homelessOn(tables: Tables, state: State, node: number): readonly number[] {
  const table = state.store.tables[node] ?? null;
  if (table === null || !heard(tables, state, table)) return table?.spec.kept ?? [];
  return table.statement!.domains.filter(({ uid, grant }) => (
    state.store.vms[uid] == null && (state.store.restore !== null || table.spec.kept.includes(grant)) && !table.spec.entries.some((entry) => entry.grant === grant)
  )).map(({ grant }) => grant).sort((a, b) => a - b);
}

export function nodeSituation(tables: Tables, state: State, node: number): NodeSituation {
  const { store, alive, leader } = state;
  const table = store.tables[node]!;
  return {
    table: tableStanding(state, node),
    restoreIsOpen: store.restore !== null,
    sealedForRestore: store.restore !== null && table?.spec.restore === store.restore.id,
    word: store.words[node]!,
    lapsed: !alive[node]!,
    // Whatever kubelet says: the worst is assumed.
    nodeReady: false,
    fenced: table?.spec.fenced === true,
    heard: heard(tables, state, table),
    isOpen: isOpen(table),
    contradicts: contradicts(tables, state, node),
    agreedBefore: leader.agreed[node]!,
    homeless: table === null || homelessOn(tables, state, node).join() === table.spec.kept.join() ? 'AsKept' : 'Otherwise',
    strays: straysOf(state, node),
  };
}

function takes(tables: Tables, state: State, node: number): boolean {
  const { table, heard: isHeardNow, isOpen: open, fenced, word, lapsed, contradicts: does } = nodeSituation(tables, state, node);
  return !does && takesGuests({ table, heard: isHeardNow, isOpen: open, fenced, word, alive: !lapsed });
}

function allHeard(tables: Tables, state: State): boolean {
  const { restore } = state.store;
  return restore === null || state.store.tables.every((table, node) => (
    table !== null && table.spec.restore === restore.id && (restore.accepted?.[node] === true || heard(tables, state, table))
  ));
}

function copiesOf(tables: Tables, world: World, state: State, uid: number): readonly Copy[] {
  const run = state.store.vms[uid]?.run ?? null;
  return state.store.tables.flatMap((table, node) => {
    if (!heard(tables, state, table)) return [];
    return table!.statement!.domains.flatMap((domain): Copy[] => {
      if (nameOf(world, domain.uid) !== nameOf(world, uid)) return [];
      if (run !== null && domain.uid === uid && run.node === node && run.grant === domain.grant) return [];
      const believed = tables.isBelieved({
        restoreIsOpen: state.store.restore !== null, nodeIsRuns: run?.node === node,
        isInTable: table!.spec.kept.includes(domain.grant) || table!.spec.entries.some(({ grant }) => grant === domain.grant),
      });
      return believed ? [{ node: String(node), sameVm: domain.uid === uid }] : [];
    });
  });
}

function homeOf(tables: Tables, state: State, uid: number): Home | undefined {
  const run = state.store.vms[uid]?.run;
  if (run == null) return undefined;
  const table = state.store.tables[run.node]!;
  const entry = table?.spec.entries.find((one) => one.uid === uid);
  const isHeardNow = heard(tables, state, table);
  return {
    table: tableStanding(state, run.node),
    heard: isHeardNow,
    acceptedOff: state.store.restore?.accepted?.[run.node] === true,
    takesGuests: takes(tables, state, run.node),
    fenced: table?.spec.fenced === true,
    hasRoom: hasRoom(state, run.node, uid),
    entry: entry === undefined ? undefined : { isRuns: entry.grant === run.grant, desired: entry.desired, answered: answered(table!, entry) },
    lives: isHeardNow && table!.statement!.domains.some(({ grant }) => grant === run.grant),
  };
}

/** Nobody else has the node's one CPU. */
function hasRoom({ store }: State, node: number, uid: number): boolean {
  const table = store.tables[node] ?? null;
  return table !== null && table.spec.entries.every((entry) => entry.uid === uid)
    && (table.statement?.domains.every((domain) => domain.uid === uid) ?? true);
}

/** Nodes whose one CPU nobody has, nor is about to have. */
function roomFor(tables: Tables, state: State, uid: number): readonly number[] {
  return state.store.tables.flatMap((table, node) => (
    table !== null && takes(tables, state, node) && hasRoom(state, node, uid)
      && state.store.vms.every((vm, other) => other === uid || vm?.run?.node !== node || !vm.run.open) ? [node] : []
  ));
}

export function vmSituation(tables: Tables, world: World, state: State, uid: number, candidate: number | undefined): VmSituation {
  const vm = state.store.vms[uid]!;
  const { restore } = state.store;
  return {
    restore: restore === null ? undefined : { kind: restore.found ? 'found' : 'suspected' },
    allHeard: allHeard(tables, state),
    deleted: vm.deleted, finalizer: vm.finalizer, wish: vm.halted ? 'Halt' : 'Run', renew: vm.renew,
    hasOldEntry: vm.run === null && state.store.tables.some((table) => table?.spec.entries.some((entry) => entry.uid === uid && entry.grant < 100)),
    run: vm.run === null ? undefined : { state: vm.run.open ? 'Open' : 'Closed' },
    home: homeOf(tables, state, uid),
    copies: copiesOf(tables, world, state, uid),
    made: state.leader.made[uid]!,
    candidate: candidate === undefined ? undefined : { node: String(candidate), isHome: vm.run?.node === candidate },
  };
}

function isSettled(tables: Tables, world: World, state: State, uid: number): boolean {
  const vm = state.store.vms[uid];
  if (vm == null) return true;
  const home = homeOf(tables, state, uid);
  if (copiesOf(tables, world, state, uid).some(({ sameVm }) => sameVm)) return false;
  if (vm.deleted) return vm.run === null || !vm.run.open || home!.entry?.desired === 'Removed';
  return vm.run === null || !vm.run.open || (home!.lives && home!.entry?.isRuns === true);
}

function tableWrite(state: State, node: number, change: Partial<TableSpec>): NodeTable {
  const { spec, statement } = state.store.tables[node]!;
  return { spec: { ...spec, ...change, count: spec.count + 1 }, statement };
}

/** A write as it lands at once, and as it may land later. */
function written(state: State, late: Late, leader: Partial<State['leader']> = {}): Event {
  const landed = late.kind === 'vm' ? withVm(state, late.at, late.put) : withTable(state, late.at, late.put);
  return { says: late.says, next: { ...landed, leader: { ...state.leader, ...leader } }, late };
}

function tableLate(state: State, node: number, change: Partial<TableSpec>, says: string): Late {
  return { kind: 'table', at: node, expect: state.store.tables[node]!, put: tableWrite(state, node, change), says };
}

function sealed(state: State): Sealed {
  return { id: state.fresh, term: state.leader.term };
}

function nodeEvent(tables: Tables, state: State, node: number): Event | undefined {
  const { row, step } = nextNodeStep(nodeSituation(tables, state, node), tables.nodeTable);
  const named = (what: string) => `the controller ${what} [node row ${row}]`;
  const used = { ...state, fresh: state.fresh + 1 };
  const table = state.store.tables[node]!;
  switch (step.do) {
    case 'makeTable': {
      const put: NodeTable = {
        spec: { tid: state.fresh + 1, count: 0, seal: sealed(state), restore: state.store.restore?.id ?? 0, session: 0, fenced: false, kept: [], entries: state.leader.lost[node] ?? [] }, statement: null,
      };
      const late: Late = { kind: 'table', at: node, expect: null, put, says: named(`makes the table of node ${node}`) };
      return written({ ...state, fresh: state.fresh + 2 }, late);
    }
    case 'seal': {
      const fenced = table!.spec.fenced && state.store.restore === null;
      return written(used, tableLate(state, node, { seal: sealed(state), restore: state.store.restore?.id ?? table!.spec.restore, session: 0, fenced }, named(`seals the table of node ${node}`)));
    }
    case 'fence': {
      const entries = table!.spec.entries.map((entry): Entry => (entry.desired === 'Running' ? { ...entry, desired: 'Stopped' } : entry));
      return written(used, tableLate(state, node, { seal: sealed(state), session: 0, fenced: true, entries }, named(`fences node ${node}`)));
    }
    case 'openRestore':
      return { says: named(`opens a restore, since node ${node} contradicts the store`), next: openRestore(state, true) };
    case 'keep':
      return written(state, tableLate(state, node, { kept: homelessOn(tables, state, node) }, named(`keeps what lives on node ${node} and has no VM`)));
    case 'dropStrays': {
      const entries = table!.spec.entries.filter(({ uid, grant }) => isOpenRun(state, uid, grant, node) || (isOpen(table) && state.store.vms[uid] != null)
        || table!.statement!.domains.some((domain) => domain.grant === grant));
      return written(state, tableLate(state, node, { entries }, named(`drops what is over on node ${node}`)));
    }
    case 'openSession':
      return written(state, tableLate(state, node, { session: table!.statement!.session, fenced: false }, named(`opens the session on node ${node}`)), {
        agreed: replaced(state.leader.agreed, node, true),
      });
    case 'wait':
    case 'done':
      return undefined;
  }
}

export function openRestore(state: State, found: boolean): State {
  return {
    ...state, fresh: state.fresh + 1,
    store: { ...state.store, past: false, restore: { id: state.fresh, found, accepted: null } },
    leader: { ...state.leader, remembersMore: false },
  };
}

function restoreEvent(tables: Tables, world: World, state: State): Event | undefined {
  const { restore, tables: all } = state.store;
  const { row, step } = nextRestoreStep({
    restore: restore === null ? undefined : { kind: restore.found ? 'found' : 'suspected', accepted: restore.accepted !== null },
    remembersMore: state.leader.remembersMore,
    leaseLongPast: false,
    allSealed: all.every((table) => table !== null && table.spec.restore === restore?.id),
    allHeard: allHeard(tables, state),
    anyContradicts: all.some((_, node) => contradicts(tables, state, node)),
    allSettled: state.store.vms.every((_, uid) => isSettled(tables, world, state, uid))
      && all.every((table, node) => table !== null && homelessOn(tables, state, node).join() === table.spec.kept.join()),
  }, tables.restoreTable);
  const says = (what: string) => `the controller ${what} [restore row ${row}]`;
  switch (step.do) {
    case 'openRestore':
      return { says: says('opens a restore'), next: openRestore(state, step.kind === 'found') };
    case 'confirm':
      return { says: says('calls the suspected restore found'), next: { ...state, store: { ...state.store, restore: { ...restore!, found: true } } } };
    case 'closeRestore':
      return { says: says('closes the restore'), next: { ...state, store: { ...state.store, restore: null } } };
    case 'wait':
    case 'done':
      return undefined;
  }
}

function vmEvent(tables: Tables, world: World, state: State, uid: number, candidate: number | undefined): Event | undefined {
  const vm = state.store.vms[uid]!;
  const { row, step } = nextVmStep(vmSituation(tables, world, state, uid, candidate), tables.vmTable);
  const named = (what: string) => `the controller ${what} [VM row ${row}]`;
  const home = vm.run?.node ?? 0;
  const vmLate = (put: Vm | null, what: string): Late => ({ kind: 'vm', at: uid, expect: vm, put, says: named(what) });
  const made = (what: 'No' | 'Kept') => ({ made: replaced(state.leader.made, uid, what) });
  const withEntry = (node: number, grant: number, desired: Desired) => {
    const others = state.store.tables[node]!.spec.entries.filter((entry) => entry.uid !== uid);
    return { entries: [...others, { uid, grant, desired }].sort((a, b) => a.uid - b.uid) };
  };
  switch (step.do) {
    case 'addFinalizer':
      return written(state, vmLate({ ...vm, finalizer: true }, `adds the finalizer to VM ${uid}`));
    case 'removeFinalizer':
      return written(state, vmLate(null, `lets VM ${uid} go`));
    case 'open': {
      const run = { grant: state.fresh, node: candidate!, open: true };
      return written({ ...state, fresh: state.fresh + 1 }, vmLate({ ...vm, renew: false, run }, `opens VM ${uid} on node ${candidate!}, grant ${state.fresh}`), made('Kept'));
    }
    case 'close':
      return written(state, vmLate({ ...vm, run: { ...vm.run!, open: false } }, `closes VM ${uid}, grant ${vm.run!.grant} (${step.because})`), made('No'));
    case 'adoptRun': {
      const lives = state.store.tables.flatMap((table, node) => (heard(tables, state, table) ? table!.statement!.domains : [])
        .filter((domain) => domain.uid === uid && !(vm.run?.node === node && vm.run.grant === domain.grant)).map(({ grant }) => ({ grant, node })));
      const old = state.store.tables.flatMap((table, node) => (table?.spec.entries ?? []).filter((entry) => entry.uid === uid).map(({ grant }) => ({ grant, node })));
      const run = { ...(lives[0] ?? old[0]!), open: true };
      return written(state, vmLate({ ...vm, run }, `makes the run of VM ${uid} that of the domain on node ${run.node}, grant ${run.grant}`), made('No'));
    }
    case 'grant':
      return written(state, tableLate(state, home, withEntry(home, vm.run!.grant, 'Running'), named(`grants VM ${uid} on node ${home}`)), made('No'));
    case 'adoptEntry':
      return written(state, tableLate(state, home, withEntry(home, vm.run!.grant, step.desired), named(`adopts VM ${uid} into the table of node ${home}`)));
    case 'removeCopy': {
      const { node, grant } = state.store.tables.flatMap((table, at) => (heard(tables, state, table) ? table!.statement!.domains : [])
        .filter((domain) => domain.uid === uid && !(vm.run?.node === at && vm.run.grant === domain.grant)).map((domain) => ({ node: at, grant: domain.grant })))[0]!;
      return written(state, tableLate(state, node, withEntry(node, grant, 'Removed'), named(`asks node ${node} to remove a copy of VM ${uid}`)));
    }
    case 'ask': {
      const entries = state.store.tables[home]!.spec.entries.map((entry): Entry => (entry.uid === uid ? { ...entry, desired: step.desired } : entry));
      return written(state, tableLate(state, home, { entries }, named(`asks node ${home} for VM ${uid}: ${step.desired}`)));
    }
    case 'dropEntry': {
      const entries = state.store.tables[home]!.spec.entries.filter((entry) => entry.uid !== uid);
      return written(state, tableLate(state, home, { entries }, named(`drops the entry of VM ${uid} on node ${home}`)));
    }
    case 'touch':
      return written({ ...state, fresh: state.fresh + 1 }, tableLate(state, home, { seal: sealed(state) }, named(`touches the table of node ${home}`)), made('Kept'));
    case 'wait':
    case 'done':
      return undefined;
  }
}

/** All that the leader may do next; a restore that it notices comes before all else. */
export function leaderEvents(tables: Tables, world: World, state: State): readonly Event[] {
  const restore = restoreEvent(tables, world, state);
  if (restore !== undefined) return [restore];
  const events: (Event | undefined)[] = state.hosts.map((_, node) => nodeEvent(tables, state, node));
  for (const [uid, vm] of state.store.vms.entries()) {
    if (vm === null) continue;
    const places = roomFor(tables, state, uid);
    if (places.length === 0) events.push(vmEvent(tables, world, state, uid, undefined));
    else events.push(...places.map((node) => vmEvent(tables, world, state, uid, node)));
  }
  return events.filter((event) => event !== undefined);
}
