/** What people and fate do: faults, each counted, and what sets them right again, which is always possible. */
import { nextRestoreStep } from '../../src/protocol/restore-table.ts';
import type { Event } from './leader.ts';
import { restoreSituation } from './gather.ts';
import { leaderEvents, openRestore } from './leader.ts';
import { encodeTable, encodeVm, sameStore } from './encode.ts';
import { liar, replaced, withDomain, withHost, withTable, withVm } from './state.ts';
import type { Entry, Fault, Host, State, Vm } from './state.ts';
import { nameOf } from './world.ts';
import type { Tables, World } from './world.ts';

function powerOff(state: State, node: number): State {
  const domains = state.hosts[node]!.domains.map((domain) => (
    domain === null ? null : { ...domain, live: false, job: false }
  ));
  return {
    ...withHost(state, node, { on: false, agent: null, domains }),
    excused: replaced(state.excused, node, true),
  };
}

function agentStarts(state: State, node: number): State {
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
function takeover(tables: Tables, world: World, state: State): State {
  const none = state.leader;
  const next: State = {
    ...state, behind: null, fresh: state.fresh + 1, alive: state.alive.map(() => false),
    leader: {
      term: state.fresh, remembersMore: false, agreed: none.agreed.map(() => false),
      made: none.made.map(() => 'No' as const), lost: none.lost.map(() => null),
    },
  };
  const { step } = nextRestoreStep(restoreSituation(tables, world, next, state.store.past), tables.restoreTable);
  return step.do === 'openRestore'
    ? openRestore(next, step.kind === 'found')
    : { ...next, store: { ...next.store, past: false } };
}

function restored(state: State): State {
  const differs = !sameStore(state.store, state.snapshot!);
  return {
    ...state, store: { ...state.snapshot!, past: true },
    snapshot: null, restored: true, alive: state.alive.map(() => false),
    leader: { ...state.leader, remembersMore: state.leader.remembersMore || differs },
  };
}

function faultsOf(tables: Tables, world: World, state: State, fault: Fault): readonly Event[] {
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
      return state.snapshot === null ? [] : [{ says: 'etcd is put back to the backup', next: restored(state) }];
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

function lapse(state: State, node: number): Event {
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
    lie(`a domain of VM ${uid} lives here`, { domains: [{ uid, grant: 70 + uid, runs: true }] })
  ));
  return [...claims, lie('the store went back', { wentBack: 'Yes' }), lie('nothing lives here', { domains: [] })];
}

/** Every grant of a VM that is anywhere. */
function grantsOf({ store, hosts, late }: State, uid: number): readonly number[] {
  const own = (entries: readonly Entry[] | undefined) =>
    entries?.filter((entry) => entry.uid === uid).map(({ grant }) => grant) ?? [];
  const lateEntries = late?.kind === 'table' ? own(late.put.spec.entries) : [];
  const lateRun = late?.kind === 'vm' && late.at === uid ? late.put?.run?.grant ?? [] : [];
  return [
    ...lateEntries, ...[lateRun].flat(), ...[store.vms[uid]?.run?.grant ?? []].flat(),
    ...store.tables.flatMap((table) => [
      ...own(table?.spec.entries),
      ...(table?.statement?.domains.filter((domain) => domain.uid === uid).map(({ grant }) => grant) ?? []),
    ]),
    ...hosts.flatMap(({ agent, domains }) => [...own(agent?.cache?.entries), ...[domains[uid]?.grant ?? []].flat()]),
  ];
}

function wishesOf(world: World, state: State): readonly Event[] {
  return state.store.vms.flatMap((vm, uid) => world.wishes.flatMap((wish): Event[] => {
    const wished = (says: string, put: Vm | null): Event => {
      const condemned = [...new Set([...state.condemned, ...grantsOf(state, uid)])];
      return {
        says: `a person ${says} VM ${uid}`,
        next: { ...withVm(state, uid, put), wishes: state.wishes + 1, condemned },
      };
    };
    switch (wish) {
      case 'halt':
        return vm === null || vm.deleted || vm.halted ? [] : [wished('halts', { ...vm, halted: true })];
      case 'renew':
        return vm === null || vm.deleted || vm.renew || vm.run === null
          ? []
          : [wished('changes and restarts', { ...vm, renew: true })];
      case 'delete':
        return vm === null || vm.deleted ? [] : [wished('deletes', vm.finalizer ? { ...vm, deleted: true } : null)];
      case 'recreate': {
        const taken = state.store.vms.some((other, at) => other !== null && nameOf(world, at) === nameOf(world, uid));
        const before = uid - world.vms;
        // A UID is never used twice, though the store that knew it be lost.
        const isUsed = state.hosts.some(({ domains }) => domains[uid] !== null) || grantsOf(state, uid).length > 0;
        if (vm !== null || taken || before < 0 || isUsed) return [];
        return [{
          says: `a person makes VM ${uid}, under the name of VM ${before}`,
          next: {
            ...withVm(state, uid, { deleted: false, finalizer: false, halted: false, renew: false, run: null, past: null }),
            wishes: state.wishes + 1,
          },
        }];
      }
    }
  }));
}

/** What is put right again, and what was late: always possible. */
function recoveries(world: World, state: State): readonly Event[] {
  const events: Event[] = [];
  for (const [node, { on, agent }] of state.hosts.entries()) {
    if (!on) events.push({ says: `node ${node} boots`, next: agentStarts(state, node) });
    else if (agent === null) events.push({ says: `an agent starts on node ${node}`, next: agentStarts(state, node) });
    else if (agent.old) events.push({ says: `the agent of node ${node} is upgraded`, next: agentStarts(state, node) });
    if (agent === null && state.alive[node]!) events.push(lapse(state, node));
    if (on && state.store.words[node]!) {
      events.push({
        says: `the word on node ${node} is taken back`,
        next: { ...state, store: { ...state.store, words: replaced(state.store.words, node, false) } },
      });
    }
  }
  const { restore } = state.store;
  // A person who accepts sees to it that what is silent is off.
  if (state.lied && state.hosts[liar]!.on) {
    events.push({ says: `a person switches node ${liar} off`, next: powerOff(state, liar) });
  }
  const isSaid = state.hosts.every(({ on }, node) => restore?.accepted?.[node] === !on);
  if (restore !== null && !isSaid && state.hosts.every(({ on }, node) => !on || answersRestore(state, node))) {
    // And with it accepts what the specs say now.
    const asked = state.store.vms.flatMap((vm, uid) => (
      vm !== null && (vm.halted || vm.renew || vm.deleted) ? grantsOf(state, uid) : []
    ));
    const condemned = [...new Set([...state.condemned, ...asked])];
    events.push({
      says: 'a person accepts the restore',
      next: {
        ...state, condemned,
        store: { ...state.store, restore: { ...restore, accepted: state.hosts.map(({ on }) => !on) } },
      },
    });
  }
  for (const [uid, vm] of state.store.vms.entries()) {
    if (vm?.halted === true && !vm.deleted) {
      events.push({
        says: `a person wants VM ${uid} to run again`,
        next: withVm(state, uid, { ...vm, halted: false }),
      });
    }
  }
  for (const [node, { domains }] of state.hosts.entries()) {
    for (const [uid, domain] of domains.entries()) {
      if (domain?.live !== true || state.store.vms[uid] !== null) continue;
      const next = {
        ...withDomain(state, node, uid, null),
        condemned: [...state.condemned, domain.grant], excused: replaced(state.excused, node, true),
      };
      events.push({ says: `a person ends the domain on node ${node} of VM ${uid}, which is gone`, next });
    }
  }
  if (state.behind !== null) events.push({ says: 'the controller\'s watch goes on', next: { ...state, behind: null } });
  if (state.late !== null) {
    events.push({ says: `what was late is lost`, next: { ...state, late: null } });
    const landed = land(state);
    if (landed !== undefined) events.push(landed);
  }
  const mayBeRestored = world.faults.includes('restore') && state.faults < world.maxFaults && !state.restored;
  if (mayBeRestored && state.snapshot === null) {
    events.push({ says: 'a backup is taken', next: { ...state, snapshot: state.store } });
  }
  return events;
}

function answersRestore({ store }: State, node: number): boolean {
  const table = store.tables[node];
  return table?.statement != null
    && table.spec.restore === store.restore!.id && table.statement.seal === table.spec.seal?.id;
}

function land(state: State): Event | undefined {
  const late = state.late!;
  const says = `what was late lands: ${late.says}`;
  if (late.kind === 'vm') {
    return encodeVm(state.store.vms[late.at] ?? null) === encodeVm(late.expect)
      ? { says, next: { ...withVm(state, late.at, late.put), late: null } }
      : undefined;
  }
  return encodeTable(state.store.tables[late.at] ?? null) === encodeTable(late.expect)
    ? { says, next: { ...withTable(state, late.at, late.put), late: null } }
    : undefined;
}

export function environmentEvents(tables: Tables, world: World, state: State): readonly Event[] {
  const faults = state.faults >= world.maxFaults ? [] : world.faults.flatMap((fault) => (
    faultsOf(tables, world, state, fault).map(({ says, next }) => ({
      says: `FAULT ${says}`,
      next: { ...next, faults: state.faults + 1 },
    }))
  ));
  const wishes = state.wishes >= world.maxWishes ? [] : wishesOf(world, state);
  return [...recoveries(world, state), ...wishes, ...faults];
}
