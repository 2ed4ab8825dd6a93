/** What people wish for, each time counted. */
import type { Event } from './leader.ts';
import { withVm } from './state.ts';
import type { Entry, State, Vm } from './state.ts';
import { nameOf, newVm } from './world.ts';
import type { World } from './world.ts';

/** Every grant of a VM that is anywhere. */
export function grantsOf({ store, hosts, late }: State, uid: number): readonly number[] {
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

export function wishesOf(world: World, state: State): readonly Event[] {
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
          : [wished('changes and restarts', { ...vm, spec: 1 - vm.spec, renew: true })];
      case 'edit':
        return vm === null || vm.deleted ? [] : [{
          says: `a person changes the spec of VM ${uid}`,
          next: { ...withVm(state, uid, { ...vm, spec: 1 - vm.spec }), wishes: state.wishes + 1 },
        }];
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
            ...withVm(state, uid, newVm),
            wishes: state.wishes + 1,
          },
        }];
      }
    }
  }));
}
