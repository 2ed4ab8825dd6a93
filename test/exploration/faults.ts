/** What goes wrong, each time counted. */
import { nextRestoreStep } from '../../src/protocol/restore-table.ts';
import { stateEvent } from './agent.ts';
import { sameStore } from './encode.ts';
import { restoreSituation } from './gather.ts';
import type { Event } from './leader.ts';
import { leaderEvents, openRestore } from './leader.ts';
import { liar, replaced, withDomain, withHost, withTable, withVm } from './state.ts';
import type { Fault, Host, Late, State } from './state.ts';
import type { Tables, World } from './world.ts';

export function powerOff(state: State, node: number): State {
  const domains = state.hosts[node]!.domains.map((domain) => (
    domain === null ? null : { ...domain, live: false, job: false }
  ));
  return {
    ...withHost(state, node, { on: false, agent: null, domains }),
    excused: replaced(state.excused, node, true),
  };
}

export function agentStarts(state: State, node: number): State {
  const next: Partial<Host> = {
    on: true,
    agent: { session: state.fresh, process: state.fresh + 1, stated: false, statements: 0, cache: null, old: false },
  };
  return { ...withHost(state, node, next), fresh: state.fresh + 2 };
}

/**
 * Another controller leads, with no memory. It finds out from the Lease that it takes whether all were away for
 * long.
 */
export function takeover(tables: Tables, world: World, state: State): State {
  const none = state.leader;
  const next: State = {
    ...state, behind: null, fresh: state.fresh + 1, alive: state.alive.map(() => false),
    leader: {
      term: state.fresh, remembersMore: false, agreed: none.agreed.map(() => false),
      made: none.made.map(() => 'No' as const), unbound: none.unbound.map(() => false), lost: none.lost.map(() => null),
    },
  };
  const { step } = nextRestoreStep(restoreSituation(tables, world, next, state.store.past), tables.restoreTable);
  return step.do === 'openRestore'
    ? openRestore(next, step.kind === 'found')
    : { ...next, store: { ...next.store, past: false } };
}

function restored(world: World, state: State): State {
  // On one host there is no Lease of controllers, and nobody who would remember.
  const together = world.together === true;
  const differs = !together && !sameStore(state.store, state.snapshot!);
  return {
    ...state, store: { ...state.snapshot!, past: !together },
    snapshot: null, restored: true, alive: state.alive.map(() => false),
    leader: { ...state.leader, remembersMore: state.leader.remembersMore || differs },
  };
}

export function faultsOf(tables: Tables, world: World, state: State, fault: Fault): readonly Event[] {
  const nodes = state.hosts.map((_, node) => node);
  switch (fault) {
    case 'kill':
      return nodes.filter((node) => state.hosts[node]!.on).map((node) => ({
        says: `node ${node} loses power`, next: powerOff(state, node),
      }));
    case 'giveUp':
      return nodes.filter((node) => state.hosts[node]!.on && !state.store.words[node]!).map((node) => {
        const off = powerOff(state, node);
        return {
          says: `node ${node} loses power, and a person says so`,
          next: { ...off, store: { ...off.store, words: replaced(off.store.words, node, true) } },
        };
      });
    case 'agentCrash':
      return nodes.filter((node) => state.hosts[node]!.agent !== null).map((node) => ({
        says: `the agent of node ${node} is killed`, next: withHost(state, node, { agent: null }),
      }));
    case 'lapse':
      return nodes
        .filter((node) => state.alive[node]! && state.hosts[node]!.agent !== null)
        .map((node) => lapse(state, node));
    case 'takeover':
      return [{ says: 'the controller is killed, and another one leads', next: takeover(tables, world, state) }];
    case 'freeze':
      return state.late !== null ? []
        : leaderEvents(tables, world, state).flatMap(({ late }) => (late === undefined ? [] : [{
          says: `the controller decides "${late.says}", and freezes before it writes; another one leads`,
          next: { ...takeover(tables, world, state), late },
        }]));
    case 'slow':
      return state.late !== null ? [] : leaderEvents(tables, world, state).flatMap(({ late, next }) => {
        if (late === undefined) return [];
        const isGrant = late.kind === 'table' && late.says.includes('grants VM');
        const made = state.leader.made.map((one, uid) => (
          isGrant && late.says.includes(`grants VM ${uid} `) ? 'MayBeUnderWay' as const
            : late.kind === 'vm' && late.at === uid ? 'No' as const : one
        ));
        return [{
          says: `${late.says}: it is not answered, and may land later`,
          next: { ...state, fresh: next.fresh, late, leader: { ...state.leader, made } },
        }];
      });
    case 'tableDeleted':
      return nodes.filter((node) => state.store.tables[node] != null).map((node) => ({
        says: `somebody deletes the table of node ${node}`,
        next: {
          ...withTable(state, node, null),
          leader: { ...state.leader, lost: replaced(state.leader.lost, node, state.store.tables[node]!.spec.entries) },
        },
      }));
    case 'restore':
      // On one host, while nobody runs.
      if (state.snapshot === null || (world.together === true && state.hosts[0]!.agent !== null)) return [];
      return [{ says: 'etcd is put back to the backup', next: restored(world, state) }];
    case 'restoreAway':
      return state.snapshot === null ? [] : [{
        says: 'etcd is put back to the backup while no controller runs; then one leads',
        next: takeover(tables, world, restored(world, state)),
      }];
    case 'double':
      return state.late !== null ? [] : leaderEvents(tables, world, state).flatMap(({ late, next }) => (
        late === undefined ? [] : [{ says: `${late.says}, and a copy of it is on its way`, next: { ...next, late } }]
      ));
    case 'lateWord':
      return state.late !== null ? [] : nodes.flatMap((node) => lateWord(tables, state, node));
    case 'drift':
      return nodes.flatMap((node) => state.hosts[node]!.domains.flatMap((domain, uid) => (
        domain?.live !== true || !domain.pinned ? [] : [{
          says: `somebody moves the threads of VM ${uid} on node ${node}`,
          next: {
            ...withDomain(state, node, uid, { ...domain, pinned: false }), excused: replaced(state.excused, node, true),
          },
        }])));
    case 'nodeDeleted':
      return nodes.filter((node) => state.store.nodes[node]!).map((node) => ({
        says: `somebody deletes the RealtimeNode of node ${node}, and a word on it with it`,
        next: {
          ...state,
          store: {
            ...state.store,
            nodes: replaced(state.store.nodes, node, false), words: replaced(state.store.words, node, false),
          },
        },
      }));
    case 'domainEnds':
      return nodes.flatMap((node) =>
        state.hosts[node]!.domains.flatMap((domain, uid) => (domain?.live !== true ? [] : [{
          says: `the domain of VM ${uid} on node ${node} crashes`,
          next: {
            ...withDomain(state, node, uid, { ...domain, live: false }),
            excused: replaced(state.excused, node, true),
          },
        }])));
    case 'oldLeader':
      return nodes.filter((node) => state.store.tables[node]?.spec.seal != null).map((node) => {
        const { spec, statement } = state.store.tables[node]!;
        const next = {
          spec: { ...spec, count: spec.count + 1, seal: null, restore: 0, session: 0, fenced: false, kept: [] },
          statement,
        };
        return {
          says:
            `a controller of the version before rewrites the table of node ${node}, and drops what it does not know`,
          next: withTable(state, node, next),
        };
      });
    case 'oldStatus':
      return runsDropped(tables, world, state);
    case 'behind':
      return state.behind !== null ? [] : nodes.map((node) => ({
        says: `the controller's watch of the table of node ${node} stops`,
        next: { ...state, behind: { node, table: state.store.tables[node] ?? null } },
      }));
    case 'lie':
      return state.lied ? [] : nodes.flatMap((node) => lies(state, node));
  }
}

/** The status goes on saying where it is placed. That controller may have led, or be one that thaws. */
function runsDropped(tables: Tables, world: World, state: State): readonly Event[] {
  return state.store.vms.flatMap((vm, uid) => {
    if (vm?.run == null) return [];
    const holder = state.store.tables.findIndex((table) => table?.spec.entries.some((entry) => entry.uid === uid));
    const past = holder >= 0 ? holder : vm.run.open ? vm.run.node : null;
    const next = withVm(state, uid, { ...vm, run: null, past });
    const says = `a controller of the version before writes the status of VM ${uid}, and drops its run`;
    return [{ says, next }, { says: `${says}; then another one leads`, next: takeover(tables, world, next) }];
  });
}

/** Its agent may be killed before it knows whether it was written. */
function lateWord(tables: Tables, state: State, node: number): readonly Event[] {
  const { on, agent } = state.hosts[node]!;
  if (!on || agent === null) return [];
  const table = state.store.tables[node] ?? null;
  const event = stateEvent(tables, state, node);
  if (event === undefined || table === null) return [];
  const put = event.next.store.tables[node]!;
  const late: Late = { kind: 'table', at: node, expect: table, put, says: event.says };
  return [{
    says: `${event.says}: it is not answered, and may land later`,
    next: { ...withHost(state, node, { agent: { ...agent, statements: put.statement!.number } }), late },
  }];
}

export function lapse(state: State, node: number): Event {
  return {
    says: `the Lease of node ${node} lapses by the controller's clock`,
    next: { ...state, alive: replaced(state.alive, node, false), excused: replaced(state.excused, node, false) },
  };
}

/** That others' VMs live there, that the store went back, or that nothing lives. */
function lies(state: State, node: number): readonly Event[] {
  const table = state.store.tables[node];
  if (node !== liar || table?.statement == null) return [];
  const lie = (says: string, change: Partial<NonNullable<typeof table.statement>>): Event => ({
    says: `the agent of node ${node} lies: ${says}`,
    next: { ...withTable(state, node, { ...table, statement: { ...table.statement!, ...change } }), lied: true },
  });
  const claims = state.store.vms.flatMap((vm, uid) => (vm === null ? [] : [uid])).map((uid) => (
    lie(`a domain of VM ${uid} lives here`, { domains: [{ uid, grant: 70 + uid, spec: 0, runs: true, pinned: true }] })
  ));
  return [...claims, lie('the store went back', { wentBack: 'Yes' }), lie('nothing lives here', { domains: [] })];
}
