/** What people and fate do: faults and wishes, each counted, and what sets right again, which is always possible. */
import { encodeTable, encodeVm } from './encode.ts';
import { agentStarts, faultsOf, lapse, powerOff, takeover } from './faults.ts';
import type { Event } from './leader.ts';
import { liar, replaced, withDomain, withTable, withVm } from './state.ts';
import type { State } from './state.ts';
import { grantsOf, wishesOf } from './wishes.ts';
import type { Tables, World } from './world.ts';

/** What is put right again, and what was late: always possible. */
function recoveries(tables: Tables, world: World, state: State): readonly Event[] {
  const events: Event[] = [];
  for (const [node, { on, agent }] of state.hosts.entries()) {
    const starts = () => {
      const next = agentStarts(state, node);
      return world.together === true ? takeover(tables, world, next) : next;
    };
    if (!on) events.push({ says: `node ${node} boots`, next: starts() });
    else if (agent === null) events.push({ says: `an agent starts on node ${node}`, next: starts() });
    else if (agent.old) events.push({ says: `the agent of node ${node} is upgraded`, next: agentStarts(state, node) });
    if (!state.store.nodes[node]!) {
      const nodes = replaced(state.store.nodes, node, true);
      const next = { ...state, store: { ...state.store, nodes } };
      events.push({ says: `the RealtimeNode of node ${node} is made again`, next });
    }
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
  const mayBeRestored = world.faults.includes('restore') || world.faults.includes('restoreAway');
  if (mayBeRestored && state.faults < world.maxFaults && !state.restored && state.snapshot === null) {
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
  return [...recoveries(tables, world, state), ...wishes, ...faults];
}
