/** Judges states and steps by what is promised: it imports nothing of the product, and knows nothing of its tables. */
import { liar } from './state.ts';
import type { State } from './state.ts';
import type { World } from './world.ts';

interface Living {
  readonly node: number;
  readonly uid: number;
  readonly grant: number;
  readonly spec: number;
}

function living(state: State): readonly Living[] {
  return state.hosts.flatMap(({ domains }, node) => domains.flatMap((domain, uid) => (
    domain?.live === true ? [{ node, uid, grant: domain.grant, spec: domain.spec }] : []
  )));
}

/** What both claim of a node, a bit each. */
function claimedTwice(
  { claims }: Pick<World, 'claims'>, ...both: readonly { readonly uid: number; readonly spec: number }[]
): boolean {
  return both.map(({ uid, spec }) => claims?.[uid]?.[spec] ?? 1).reduce((one, other) => one & other) !== 0;
}

/**
 * @param verified VMs that a controller that leads would call verified now. @returns what is broken, undefined
 * where nothing is.
 */
export function brokenIn(world: World, state: State, verified: readonly number[]): string | undefined {
  // Where one agent lies, what is promised is promised to the VMs of other nodes.
  const live = living(state).filter(({ node }) => !(state.lied && node === liar));
  for (const one of live) {
    for (const other of live) {
      if (one === other) continue;
      if (one.node === other.node && claimedTwice(world, one, other)) {
        return `I1: what is claimed of node ${one.node} has two holders, VM ${one.uid} and VM ${other.uid}`;
      }
      if (one.uid === other.uid) return `I7: VM ${one.uid} runs on node ${one.node} and on node ${other.node}`;
      if (one.uid % 2 === other.uid % 2 && state.store.vms.length > 2) {
        return `I8: VM ${one.uid} and VM ${other.uid} have one name, and one disk`;
      }
    }
  }
  for (const [node, table] of state.store.tables.entries()) {
    const given = table?.spec.entries.filter(({ desired }) => desired === 'Running') ?? [];
    const twice = given.find((one, at) => given.slice(at + 1).some((other) => claimedTwice(world, one, other)));
    if (twice !== undefined) return `I1: the table of node ${node} gives what VM ${twice.uid} has to another one too`;
  }
  for (const { node, uid } of live) {
    const elsewhere = state.hosts.findIndex(({ disks }, at) => at !== node && disks[uid]!);
    if (elsewhere >= 0) return `I8: VM ${uid} runs on node ${node}, and its disks are on node ${elsewhere}`;
  }
  for (const uid of verified) {
    const run = state.store.vms[uid]?.run;
    if (run == null) return `I2: VM ${uid} is verified, and has no run`;
    if (state.excused[run.node]! || (state.lied && run.node === liar)) continue;
    const { domains } = state.hosts[run.node]!;
    const [lease, stated] = [state.store.leases[run.node]!, state.store.tables[run.node]?.statement];
    // What a watch has not told yet is told by the next renewal of the Lease, or the Lease lapses.
    const isTold = lease.session === stated?.session && lease.statement >= stated.number;
    if (state.behind?.node === run.node && !isTold) continue;
    const domain = domains[uid];
    if (domain?.live !== true) return `I2: VM ${uid} is verified, and does not live on node ${run.node}`;
    if (domain.grant !== run.grant) {
      return `I2: VM ${uid} is verified by grant ${run.grant}, and runs by grant ${domain.grant}`;
    }
    const entry = state.store.tables[run.node]?.spec.entries.find((one) => one.uid === uid);
    if (domain.spec !== run.spec || (entry !== undefined && entry.spec !== run.spec)) {
      return `I2: VM ${uid} is verified, and its placement is not that of the spec that its grant was made of`;
    }
    if (!domain.pinned) return `I2: VM ${uid} is verified, and its threads are not where its grant says`;
  }
  return undefined;
}

/** What no step may do. @param says what was done. */
export function brokenBy(before: State, after: State, says: string): string | undefined {
  if (!says.startsWith('FAULT') && !says.startsWith('a person ends') && !says.startsWith('a person switches')) {
    for (const { node, uid, grant } of living(before)) {
      const now = after.hosts[node]!.domains[uid];
      if (now?.live === true && now.grant === grant) continue;
      const vm = before.store.vms[uid];
      const mayEnd = before.condemned.includes(grant) || vm?.deleted === true
        || vm?.halted === true || vm?.renew === true;
      if (!mayEnd) return `I6: the domain of VM ${uid} on node ${node} is ended, and nobody has asked for it`;
    }
  }
  for (const [uid, vm] of before.store.vms.entries()) {
    // One that a backup has without our finalizer can be deleted under our hands: its domain is kept, and shown.
    if (vm?.finalizer !== true || after.store.vms[uid] !== null || says.includes('etcd is put back')) continue;
    const left = living(after).find((one) => one.uid === uid);
    if (left !== undefined) return `I5: VM ${uid} is gone, and lives on node ${left.node}`;
  }
  return undefined;
}

/** Nothing is wrong, and everything wished for is so. */
export function isGood(world: World, state: State, verified: readonly number[]): boolean {
  const { store, hosts, late, behind } = state;
  const isLiar = (node: number) => state.lied && node === liar;
  if (store.restore !== null || late !== null || behind !== null) return false;
  if (store.words.some((word, node) => word && !isLiar(node))) return false;
  if (store.nodes.includes(false)) return false;
  if (hosts.some(({ disks }) => disks.some((isThere, uid) => isThere && store.vms[uid] === null))) return false;
  if (hosts.some(({ on, agent }) => !on || agent === null || agent.old)) return false;
  if (store.tables.some((table, node) => !isLiar(node) && (table === null || table.spec.fenced))) return false;
  const isHeldForNobody = (node: number) => store.tables[node]!.spec.entries.some(({ uid, grant }) => {
    const run = store.vms[uid]?.run;
    const isHome = world.nodeLocal === true && store.vms[uid]?.boundTo === node;
    return !isHome && (run == null || !run.open || run.node !== node || run.grant !== grant);
  });
  if (hosts.some((_, node) => !isLiar(node) && isHeldForNobody(node))) return false;
  const live = living(state);
  return store.vms.every((vm, uid) => {
    const own = live.filter((one) => one.uid === uid);
    if (vm === null || (state.lied && (vm.run?.node === liar || vm.deleted))) return true;
    if (vm.deleted) return false;
    if (vm.halted) return own.length === 0 && (vm.run === null || !vm.run.open);
    if (own.length === 1 && vm.run?.open === true && verified.includes(uid)) return true;
    // There is no room for it.
    const isTaken = (node: number) =>
      live.some((one) => one.node === node && claimedTwice(world, one, { uid, spec: vm.spec }));
    const wanted = hosts.map((_, node) => node).filter((node) => vm.boundTo === null || vm.boundTo === node);
    return own.length === 0 && vm.run?.open !== true && wanted.every(isTaken);
  });
}
