/** The controller that leads: carries out what the product's tables say. */
import { nextNodeStep } from '../../src/protocol/node-table.ts';
import { nextRestoreStep } from '../../src/protocol/restore-table.ts';
import { nextVmStep } from '../../src/protocol/vm-table.ts';
import {
  heard, homelessOn, isKeptHome, isOpen, isOpenRun, isOverWhileOpen, nodeSituation, restoreSituation, roomFor,
  vmSituation,
} from './gather.ts';
import { encodeTable } from './encode.ts';
import { replaced, withTable, withVm } from './state.ts';
import type { Desired, Entry, Late, NodeTable, State, TableSpec, Vm } from './state.ts';
import type { Tables, World } from './world.ts';

/** One step that may come next. */
export interface Event {
  readonly says: string;
  readonly next: State;
  /** A write of the leader, before it has landed. */
  readonly late?: Late | undefined;
}

type Sealed = NonNullable<TableSpec['seal']>;

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

function nodeEvent(tables: Tables, world: World, state: State, node: number): Event | undefined {
  // One that nobody speaks of any more needs no table.
  const isForgotten = !state.store.nodes[node]! && state.store.tables[node] == null
    && (state.leader.lost[node] ?? []).length === 0;
  if (isForgotten) return undefined;
  const { row, step } = nextNodeStep(nodeSituation(tables, world, state, node), tables.nodeTable);
  const named = (what: string) => `the controller ${what} [node row ${row}]`;
  const used = { ...state, fresh: state.fresh + 1 };
  const table = state.store.tables[node]!;
  switch (step.do) {
    case 'makeTable': {
      const put: NodeTable = {
        spec: {
          tid: state.fresh + 1, count: 0, seal: sealed(state), restore: state.store.restore?.id ?? 0,
          session: 0, fenced: false, kept: [], entries: state.leader.lost[node] ?? [],
        },
        statement: null,
      };
      const late: Late = { kind: 'table', at: node, expect: null, put, says: named(`makes the table of node ${node}`) };
      return written({ ...state, fresh: state.fresh + 2 }, late);
    }
    case 'seal': {
      const fenced = table.spec.fenced && state.store.restore === null;
      return written(used, tableLate(state, node, {
        seal: sealed(state), restore: state.store.restore?.id ?? table.spec.restore,
        session: 0, fenced,
      }, named(`seals the table of node ${node}`)));
    }
    case 'fence': {
      const entries = table.spec.entries.map((entry): Entry => (
        entry.desired === 'Running' ? { ...entry, desired: 'Stopped' } : entry
      ));
      return written(used, tableLate(state, node, {
        seal: sealed(state), session: 0, fenced: true, entries,
      }, named(`fences node ${node}`)));
    }
    case 'touch':
      return written(used, tableLate(state, node, { seal: sealed(state) }, named(`overtakes its own write on node ${node}`)));
    case 'openRestore':
      return {
        says: named(`opens a restore, since node ${node} contradicts the store`),
        next: openRestore(state, true),
      };
    case 'keep':
      return written(state, tableLate(state, node, {
        kept: homelessOn(tables, state, node),
      }, named(`keeps what lives on node ${node} and has no VM`)));
    case 'dropStrays': {
      const entries = table.spec.entries.filter((entry) => isOpenRun(state, entry.uid, entry.grant, node)
        || isKeptHome(tables, world, state, node, entry)
        || (isOpen(table) && !table.spec.fenced && !isOverWhileOpen(tables, state, node, entry))
        || table.statement!.domains.some((domain) => domain.grant === entry.grant));
      return written(state, tableLate(state, node, { entries }, named(`drops what is over on node ${node}`)));
    }
    case 'openSession':
      return written(state, tableLate(state, node, {
        session: table.statement!.session, fenced: false,
      }, named(`opens the session on node ${node}`)), {
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
  const { restore } = state.store;
  const { row, step } = nextRestoreStep(restoreSituation(tables, world, state, false), tables.restoreTable);
  const says = (what: string) => `the controller ${what} [restore row ${row}]`;
  switch (step.do) {
    case 'openRestore':
      return { says: says('opens a restore'), next: openRestore(state, step.kind === 'found') };
    case 'confirm':
      return {
        says: says('calls the suspected restore found'),
        next: { ...state, store: { ...state.store, restore: { ...restore!, found: true } } },
      };
    case 'closeRestore':
      return { says: says('closes the restore'), next: { ...state, store: { ...state.store, restore: null } } };
    case 'wait':
    case 'done':
      return undefined;
  }
}

/** What lives of the VM and is not its open run. */
function livingCopies(
  tables: Tables, state: State, uid: number,
): readonly { readonly node: number; readonly grant: number; readonly spec: number }[] {
  return state.store.tables.flatMap((table, node) =>
    (heard(tables, state, table) ? table!.statement!.domains : [])
      .filter((domain) => domain.uid === uid && !isOpenRun(state, uid, domain.grant, node))
      .map(({ grant, spec }) => ({ node, grant, spec })));
}

function vmEvent(
  tables: Tables, world: World, state: State, uid: number, candidate: number | undefined,
): Event | undefined {
  const vm = state.store.vms[uid]!;
  const { row, step } = nextVmStep(vmSituation(tables, world, state, uid, candidate), tables.vmTable);
  const named = (what: string) => `the controller ${what} [VM row ${row}]`;
  const home = vm.run?.node ?? 0;
  const vmLate = (put: Vm | null, what: string): Late => ({ kind: 'vm', at: uid, expect: vm, put, says: named(what) });
  const made = (what: 'No' | 'Kept') => ({ made: replaced(state.leader.made, uid, what) });
  const withEntry = (node: number, grant: number, spec: number, desired: Desired) => {
    const others = state.store.tables[node]!.spec.entries.filter((entry) => entry.uid !== uid);
    return { entries: [...others, { uid, grant, spec, desired }].sort((a, b) => a.uid - b.uid) };
  };
  /** What is adopted is what the domain says of itself. */
  const specOf = (node: number, grant: number) => (tables.adoptsOwnBytes
    ? state.store.tables[node]!.statement!.domains.find((domain) => domain.grant === grant)!.spec : vm.spec);
  switch (step.do) {
    case 'addFinalizer':
      return written(state, vmLate({ ...vm, finalizer: true }, `adds the finalizer to VM ${uid}`));
    case 'removeFinalizer':
      return written(state, vmLate(null, `lets VM ${uid} go`));
    case 'open': {
      const run = { grant: state.fresh, node: candidate!, open: true, spec: vm.spec };
      const boundTo = world.nodeLocal === true ? candidate! : vm.boundTo;
      return written(
        { ...state, fresh: state.fresh + 1 },
        vmLate(
          { ...vm, renew: false, run, boundTo, past: null },
          `opens VM ${uid} on node ${candidate!}, grant ${state.fresh}`,
        ),
        { ...made('Kept'), unbound: replaced(state.leader.unbound, uid, vm.boundTo === null) },
      );
    }
    case 'close': {
      // What was never granted has made no disks.
      const hasMadeNoDisks = step.because === 'NeverGranted' && state.leader.made[uid] === 'Kept'
        && state.leader.unbound[uid]!;
      return written(
        state,
        vmLate(
          { ...vm, run: { ...vm.run!, open: false }, boundTo: hasMadeNoDisks ? null : vm.boundTo },
          `closes VM ${uid}, grant ${vm.run!.grant} (${step.because})`,
        ),
        made('No'),
      );
    }
    case 'adoptRun': {
      const [copy] = livingCopies(tables, state, uid);
      const old = state.store.tables.flatMap((table, node) =>
        (table?.spec.entries ?? [])
          .filter((entry) => entry.uid === uid)
          .map(({ grant, spec }) => ({ grant, node, spec })));
      // On a fenced node an entry is left of a run that is over.
      const entry = old.find(({ node }) => !state.store.tables[node]!.spec.fenced) ?? old[0]!;
      const run = { ...(copy ?? entry), open: true };
      const boundTo = vm.boundTo ?? (world.nodeLocal === true ? run.node : null);
      return written(
        state,
        vmLate(
          { ...vm, run, boundTo, past: null },
          `makes the run of VM ${uid} that of the domain on node ${run.node}, grant ${run.grant}`,
        ),
        made('No'),
      );
    }
    case 'grant':
      return written(
        state,
        tableLate(
          state, home, withEntry(home, vm.run!.grant, vm.run!.spec, 'Running'),
          named(`grants VM ${uid} on node ${home}`),
        ),
        made('No'),
      );
    case 'adoptEntry':
      return written(state, tableLate(
        state, home, withEntry(home, vm.run!.grant, specOf(home, vm.run!.grant), step.desired),
        named(`adopts VM ${uid} into the table of node ${home}`),
      ));
    case 'removeCopy': {
      const { node, grant } = livingCopies(tables, state, uid)[0]!;
      return written(state, tableLate(
        state, node, withEntry(node, grant, specOf(node, grant), 'Removed'),
        named(`asks node ${node} to remove a copy of VM ${uid}`),
      ));
    }
    case 'ask': {
      const entries = state.store.tables[home]!.spec.entries.map((entry): Entry => (
        entry.uid === uid ? { ...entry, desired: step.desired } : entry
      ));
      return written(state, tableLate(
        state, home, { entries }, named(`asks node ${home} for VM ${uid}: ${step.desired}`),
      ));
    }
    case 'dropEntry': {
      const entries = state.store.tables[home]!.spec.entries.filter((entry) => entry.uid !== uid);
      return written(state, tableLate(state, home, { entries }, named(`drops the entry of VM ${uid} on node ${home}`)));
    }
    case 'touch':
      return written(
        { ...state, fresh: state.fresh + 1 },
        tableLate(state, home, { seal: sealed(state) }, named(`touches the table of node ${home}`)),
        made('Kept'),
      );
    case 'wait':
    case 'done':
      return undefined;
  }
}

/** What is decided by a view that is behind in one table lands where the object that it writes is as it was seen. */
function landed(state: State, event: Event): Event | undefined {
  const { node } = state.behind!;
  const { late } = event;
  if (late === undefined) {
    const { restore, past } = event.next.store;
    return { ...event, next: { ...event.next, behind: state.behind, store: { ...state.store, restore, past } } };
  }
  if (late.kind === 'vm') {
    return {
      ...event,
      next: { ...withVm({ ...event.next, store: state.store }, late.at, late.put), behind: state.behind },
    };
  }
  if (encodeTable(state.store.tables[late.at] ?? null) !== encodeTable(late.expect)) return undefined;
  const next = withTable({ ...event.next, store: state.store }, late.at, late.put);
  return { ...event, next: { ...next, behind: late.at === node ? { node, table: late.put } : state.behind } };
}

export function leaderEvents(tables: Tables, world: World, state: State): readonly Event[] {
  if (world.together === true && state.hosts[0]!.agent === null) return [];
  if (state.behind === null) return decided(tables, world, state);
  const seen = withTable(state, state.behind.node, state.behind.table);
  return decided(tables, world, seen).flatMap((event) => landed(state, event) ?? []);
}

/** All that the leader may do next; a restore that it notices comes before all else. */
function decided(tables: Tables, world: World, state: State): readonly Event[] {
  const restore = restoreEvent(tables, world, state);
  if (restore !== undefined) return [restore];
  const events: (Event | undefined)[] = state.hosts.map((_, node) => nodeEvent(tables, world, state, node));
  for (const [uid, vm] of state.store.vms.entries()) {
    if (vm === null) continue;
    const places = roomFor(tables, world, state, uid);
    if (places.length === 0) events.push(vmEvent(tables, world, state, uid, undefined));
    else events.push(...places.map((node) => vmEvent(tables, world, state, uid, node)));
  }
  return events.filter((event) => event !== undefined);
}
