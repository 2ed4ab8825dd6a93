/** An agent and its host: reads, states, renews and acts by the product's tables. */
import { nextGuestStep } from '../../src/protocol/guest-table.ts';
import type { ReadingSituation } from '../../src/protocol/reading-table.ts';
import { nextReadingStep } from '../../src/protocol/reading-table.ts';
import type { Event } from './leader.ts';
import { liar, replaced, withDisk, withDomain, withHost, withTable } from './state.ts';
import type { Domain, Host, State, Statement, TableSpec } from './state.ts';
import { claimsOf } from './world.ts';
import type { Tables, World } from './world.ts';

type Agent = NonNullable<Host['agent']>;

export function sameSpec(one: TableSpec | null, other: TableSpec | null): boolean {
  if (one === other) return true;
  return one !== null && other !== null && one.tid === other.tid && one.count === other.count
    && one.seal?.id === other.seal?.id && one.session === other.session
    && one.restore === other.restore && one.fenced === other.fenced
    && one.kept.join() === other.kept.join() && one.entries.length === other.entries.length
    && one.entries.every(({ grant, desired, uid }, at) =>
      grant === other.entries[at]!.grant && desired === other.entries[at]!.desired && uid === other.entries[at]!.uid);
}

/**
 * What an agent sees of its own start counts as living; of one that an agent before it has sent, it sees a domain
 * that is off.
 */
function seenOf(agent: Agent, domain: Domain | null): 'running' | 'changing' | 'off' | 'absent' {
  if (domain === null) return 'absent';
  if (domain.live) return 'running';
  return domain.job && domain.by === agent.process ? 'changing' : 'off';
}

function isLeft(agent: Agent, domain: Domain | null): boolean {
  return domain !== null && domain.by !== agent.process && !domain.live;
}

/** A new session, where the one of now has been used. */
function withNewSession(state: State, agent: Agent): { readonly agent: Agent; readonly fresh: number } {
  return { agent: { ...agent, session: state.fresh, stated: false, statements: 0 }, fresh: state.fresh + 1 };
}

function readEvent(tables: Tables, state: State, node: number): Event | undefined {
  const { note, agent } = state.hosts[node]!;
  const spec = state.store.tables[node]?.spec ?? null;
  if (sameSpec(agent!.cache, spec)) return undefined;
  if (agent!.old) {
    return {
      says: `the old agent of node ${node} reads its table`,
      next: withHost(state, node, { agent: { ...agent!, cache: spec } }),
    };
  }
  const situation: ReadingSituation = {
    table: spec === null ? 'Absent' : spec.seal === null ? 'NoSeal' : 'Sealed',
    isNoted: note === null ? undefined : note.tid === spec?.tid,
    isOlder: note !== null && spec !== null
      && (spec.count < note.count || (spec.count === note.count && spec.seal?.id !== note.seal)),
    isOtherRestore: spec !== null && spec.restore !== 0 && note !== null && spec.restore !== note.restore,
  };
  const { row, step } = nextReadingStep(situation, tables.readingTable);
  const { agent: next, fresh } = step.session === 'New'
    ? withNewSession(state, agent!)
    : { agent: agent!, fresh: state.fresh };
  const taken = spec === null ? note : {
    tid: spec.tid, count: spec.count, seal: spec.seal?.id ?? 0, restore: spec.restore,
    wentBack: note?.wentBack === true && spec.session !== next.session, under: note?.under ?? 0,
  };
  const flagged = note === null || note.wentBack ? note : { ...note, wentBack: true, under: note.restore };
  const restarted = taken === null || !situation.isOlder || taken.wentBack
    ? taken
    : { ...taken, wentBack: true, under: note?.restore ?? 0 };
  const notes = { Keep: note, Take: taken, Flag: flagged, Restart: restarted };
  return {
    says: `the agent of node ${node} reads its table [reading row ${row}]`,
    next: { ...withHost(state, node, { agent: { ...next, cache: spec }, note: notes[step.note] }), fresh },
  };
}

function statementOf({ hosts }: State, node: number): Statement {
  const { agent, note, domains, disks } = hosts[node]!;
  const { cache, session, statements } = agent!;
  return {
    session, number: statements + 1, seal: cache!.seal?.id ?? 0,
    wentBack: note?.wentBack !== true ? 'No' : note.under === cache!.restore ? 'Yes' : 'BeforeRestore',
    domains: domains.flatMap((domain, uid) => {
      const seen = seenOf(agent!, domain);
      if (seen !== 'running' && seen !== 'changing') return [];
      const { grant, spec, pinned } = domain!;
      return [{ uid, grant, spec, runs: seen === 'running', pinned }];
    }),
    answers: cache!.entries.flatMap(({ uid, grant, desired }) => {
      const isDone = domains[uid] === null && !(desired === 'Removed' && disks[uid]!);
      return desired !== 'Running' && isDone ? [{ grant, desired }] : [];
    }),
  };
}

function sameStatement(one: Statement | null, other: Statement): boolean {
  return one !== null && one.session === other.session && one.number === other.number - 1
    && one.seal === other.seal && one.wentBack === other.wentBack
    && JSON.stringify([one.domains, one.answers]) === JSON.stringify([other.domains, other.answers]);
}

/** Only over the version that it has read: else it reads first. */
export function stateEvent(tables: Tables, state: State, node: number): Event | undefined {
  const agent = state.hosts[node]!.agent!;
  const table = state.store.tables[node] ?? null;
  if (agent.old || (state.lied && node === liar) || table === null) return undefined;
  if (!sameSpec(agent.cache, table.spec) || table.spec.seal === null) return undefined;
  const guests = state.hosts[node]!.domains.map((domain) => ({
    domain: seenOf(agent, domain), isLeft: isLeft(agent, domain),
  }));
  if (!tables.mayState(guests)) return undefined;
  const statement = statementOf(state, node);
  // What it does not know to be written it states again.
  if (agent.stated && sameStatement(table.statement, statement)) return undefined;
  const next = withHost(withTable(state, node, { ...table, statement }), node, {
    agent: { ...agent, stated: true, statements: statement.number },
  });
  const said = statement.domains.map(({ uid }) => `VM ${uid}`).join(', ') || 'nothing';
  return {
    says: `the agent of node ${node} states what lives: ${said}`,
    next: { ...next, excused: replaced(state.excused, node, false) },
  };
}

function renewEvent({ leaseAfterFirstLook }: Tables, state: State, node: number): Event | undefined {
  const agent = state.hosts[node]!.agent!;
  const lease = state.store.leases[node]!;
  const stated = agent.old || agent.stated || !leaseAfterFirstLook;
  if (!stated || (state.alive[node]! && lease.session === agent.session && lease.statement === agent.statements)) {
    return undefined;
  }
  const isNew = lease.session !== agent.session && state.store.tables[node]?.statement?.session !== agent.session;
  return {
    says: `the agent of node ${node} renews its Lease`,
    next: {
      ...state, alive: replaced(state.alive, node, true),
      store: {
        ...state.store,
        leases: replaced(state.store.leases, node, { session: agent.session, statement: agent.statements }),
      },
      excused: isNew ? replaced(state.excused, node, false) : state.excused,
    },
  };
}

function guestEvent(tables: Tables, world: World, state: State, node: number, uid: number): Event | undefined {
  const { agent, domains, disks } = state.hosts[node]!;
  const { cache, session, process, old } = agent!;
  const domain = domains[uid] ?? null;
  const entry = cache?.entries.find((one) => one.uid === uid);
  const { row, step } = nextGuestStep({
    entry: entry === undefined ? undefined : { desired: entry.desired, isIntact: true },
    isOpen: old || (cache?.seal != null && cache.session === session),
    domain: seenOf(agent!, domain),
    isEntrys: domain !== null && domain.grant === entry?.grant,
    isLeft: isLeft(agent!, domain),
    hostIsFree: domains.every((other, at) =>
      at === uid || other === null || !(other.live || (other.job && other.by === process))
        || (claimsOf(world, { uid: at, spec: other.spec }) & claimsOf(world, { uid, spec: entry?.spec ?? 0 })) === 0),
    isOver: 'No', graceMs: 0, backoffMs: 0,
  }, tables.guestTable);
  const says = (what: string) => `the agent of node ${node} ${what} VM ${uid} [guest row ${row}]`;
  switch (step.do) {
    case 'undefineLeft':
      return { says: says('undefines what was left of'), next: withDomain(state, node, uid, null) };
    case 'requestShutdown':
    case 'destroy':
      return {
        says: says('ends'),
        next: {
          ...withDomain(state, node, uid, { ...domain!, live: false, job: false, by: process }),
          excused: replaced(state.excused, node, true),
        },
      };
    case 'cleanUp':
      return domain === null && (step.answer === 'Stopped' || !disks[uid]!) ? undefined : {
        says: says('cleans up after'),
        next: withDisk(withDomain(state, node, uid, null), node, uid, step.answer === 'Stopped' && disks[uid]!),
      };
    case 'start': {
      const made = { grant: entry!.grant, spec: entry!.spec, pinned: true, live: false, job: true, by: process };
      return {
        says: says('defines and starts'),
        next: withDisk(withDomain(state, node, uid, made), node, uid, world.nodeLocal === true),
      };
    }
    case 'audit':
      if (domain!.pinned) return undefined;
      return { says: says('pins anew'), next: withDomain(state, node, uid, { ...domain!, pinned: true }) };
    case 'report':
    case 'wait':
    case 'none':
      return undefined;
  }
}

/** Reading, stating and renewing in one step. */
function lookEvent(tables: Tables, state: State, node: number): Event | undefined {
  const read = readEvent(tables, state, node)?.next ?? state;
  const stated = stateEvent(tables, read, node)?.next ?? read;
  const renewed = renewEvent(tables, stated, node)?.next ?? stated;
  return renewed === state ? undefined : {
    says: `the agent of node ${node} reads its table, states what lives, and renews its Lease`,
    next: renewed,
  };
}

/** All that the agent of a node, and libvirt there, may do next. */
export function agentEvents(tables: Tables, world: World, state: State, node: number): readonly Event[] {
  const { on, agent, domains } = state.hosts[node]!;
  if (!on) return [];
  const jobs = domains.flatMap((domain, uid): Event[] => (domain?.job === true
    ? [{
      says: `libvirt on node ${node} has started VM ${uid}, grant ${domain.grant}`,
      next: withDomain(state, node, uid, { ...domain, live: true, job: false }),
    }]
    : []));
  if (agent === null) return jobs;
  return [
    ...jobs,
    ...(world.grain === 'coarse'
      ? [lookEvent(tables, state, node)]
      : [readEvent(tables, state, node), stateEvent(tables, state, node), renewEvent(tables, state, node)]),
    ...domains.map((_, uid) => guestEvent(tables, world, state, node, uid)),
  ].filter((event) => event !== undefined);
}
