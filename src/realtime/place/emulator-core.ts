/** The core of the isolated emulator threads. Rules 3.3 and 3.4. */
import type { Arrangement } from './arrangement.ts';
import { mayHoldEmulator } from './core-rules.ts';
import type { CoreRules } from './core-rules.ts';
import type { CoreState } from './core-state.ts';
import { chooseCores } from './choose-cores.ts';
import type { CellDemand } from './demand.ts';
import { isWholeGroup } from './nearest-cores.ts';
import type { NodeState } from './node-state.ts';

/**
 * The core for an emulator once the vCPUs have theirs: beside the guest's own housekeeping vCPUs, else in an L3 group
 * of its vCPUs, else in one that is not whole, and there on the core with the fewest free CPUs; beside a realtime
 * vCPU only in a guest that shares cores. With `threadPolicy: Isolate` never beside a vCPU.
 */
export function emulatorCoreBeside(
  node: NodeState,
  taken: readonly number[],
  cell: CellDemand,
  rules: CoreRules,
): number | undefined {
  const { cores } = node;
  const realtime = coresWithRealtime(taken, cell);
  const farness = groupFarness(node, taken);
  let best: number | undefined;
  let bestRank = Infinity;
  for (let index = 0; index < cores.length; index += 1) {
    const core = cores[index]!;
    const count = taken[index]!;
    if (core.free.length === count || !mayHoldEmulator(core, rules)) continue;
    if (count > 0 && rules.threadPolicy === 'Isolate') continue;
    if (realtime.has(index) && rules.coreSharing === 'Forbid') continue;
    const rank = realtime.has(index) ? Number.MAX_SAFE_INTEGER : count > 0 ? 0 : farness(index) + core.free.length;
    if (rank < bestRank) {
      best = index;
      bestRank = rank;
    }
  }
  return best;
}

/**
 * Where every core that is left has a realtime vCPU on it: housekeeping vCPUs move to the emulator's core, so that the
 * realtime ones need fewer others.
 */
export function arrangeAroundEmulator(
  cores: readonly CoreState[],
  rooms: readonly number[],
  cell: CellDemand,
  rules: CoreRules,
): Arrangement | undefined {
  if (rules.threadPolicy === 'Isolate') return undefined;
  const housekeeping = cell.dedicated.filter((vcpu) => !cell.realtime.has(vcpu));
  const all = rooms.reduce((sum, room) => sum + room, 0);
  for (let index = 0; index < cores.length; index += 1) {
    const core = cores[index]!;
    if (!mayHoldEmulator(core, rules)) continue;
    const companions = housekeeping.slice(0, Math.min(rooms[index]!, core.free.length - 1));
    if (all - rooms[index]! < cell.dedicated.length - companions.length) continue;
    const others = cell.dedicated.filter((vcpu) => !companions.includes(vcpu));
    const taken = chooseCores(
      rooms.map((room, other) => (other === index ? 0 : room)),
      others.length,
    );
    if (taken === undefined) continue;
    taken[index] = companions.length;
    return { order: [...companions, ...others], taken, emulatorCore: index, firstCores: [index] };
  }
  return undefined;
}

function coresWithRealtime(taken: readonly number[], { dedicated, realtime }: CellDemand): ReadonlySet<number> {
  const cores = new Set<number>();
  let next = 0;
  taken.forEach((count, core) => {
    if (dedicated.slice(next, next + count).some((vcpu) => realtime.has(vcpu))) cores.add(core);
    next += count;
  });
  return cores;
}

/** More than a core has CPUs. */
const fartherGroup = 1_000_000;

/**
 * How far a core is from the vCPUs: in a group with some of them, in one that somebody is on, in one that is whole.
 */
function groupFarness(node: NodeState, taken: readonly number[]): (core: number) => number {
  if (node.groups.length === 0) return () => 0;
  const farness = taken.map(() => 0);
  for (const members of node.groups) {
    const far = members.some((core) => taken[core]! > 0) ? 0 : isWholeGroup(node, members) ? 2 : 1;
    for (const core of members) farness[core] = far * fartherGroup;
  }
  return (core) => farness[core]!;
}
