/** Which pCPUs of one host NUMA node a guest cell's dedicated vCPUs and the isolated emulator threads get. */
import type { CpuId, VcpuId } from '../ids.ts';
import { vcpusByCore } from './arrangement.ts';
import type { Arrangement } from './arrangement.ts';
import { chooseCores } from './choose-cores.ts';
import { keepsSiblings, roomFor } from './core-rules.ts';
import type { CoreRules } from './core-rules.ts';
import type { CellDemand } from './demand.ts';
import { arrangeAroundEmulator, emulatorCoreBeside } from './emulator-core.ts';
import { isMixed, keptApart } from './keep-apart.ts';
import { nearestRooms } from './nearest-cores.ts';
import type { NodeState } from './node-state.ts';

export interface CorePick {
  readonly cpus: ReadonlyMap<VcpuId, CpuId>;
  /** The isolated emulator's; absent where the cell does not have it. */
  readonly emulator?: CpuId | undefined;
  /** Siblings kept idle, and the emulator's CPU. */
  readonly reserved: readonly CpuId[];
  /** L3 groups that the vCPUs are spread over, beyond one. */
  readonly moreGroups: number;
}

const nothing: CorePick = { cpus: new Map(), reserved: [], moreGroups: 0 };

/**
 * vCPUs go out in ascending order, core by core, ascending; only where the emulator threads find no place that way,
 * or where realtime vCPUs would have housekeeping beside them, do housekeeping vCPUs come first. Rules 3.4, 4.7, 4.17
 * and 4.18.
 * @returns undefined exactly where these cores cannot hold the cell's dedicated vCPUs and emulator.
 */
export function pickCores(node: NodeState, cell: CellDemand, rules: CoreRules): CorePick | undefined {
  if (cell.dedicated.length === 0 && !cell.emulator) return nothing;
  const rooms = node.cores.map((core) => roomFor(core, rules));
  let apart: Arrangement | undefined;
  for (const within of nearestRooms(node, rooms, cell.dedicated.length)) {
    if (within === rooms && apart !== undefined) break;
    const arrangement = arrange(node, within, cell, rules);
    if (arrangement === undefined) continue;
    if (isTogether(node, arrangement)) return giveOut(node, arrangement, rules);
    // The vCPUs are near each other, the emulator is elsewhere: good enough, where no group holds both.
    apart ??= arrangement;
  }
  return apart === undefined ? undefined : giveOut(node, apart, rules);
}

function arrange(
  node: NodeState,
  rooms: readonly number[],
  cell: CellDemand,
  rules: CoreRules,
): Arrangement | undefined {
  const arrangement = inAscendingOrder(node, rooms, cell, rules);
  if (arrangement === undefined || !isMixed(arrangement, cell)) return arrangement;
  return keptApart(node.cores, rooms, arrangement, cell, rules) ?? arrangement;
}

function inAscendingOrder(
  node: NodeState,
  rooms: readonly number[],
  cell: CellDemand,
  rules: CoreRules,
): Arrangement | undefined {
  const taken = chooseCores(rooms, cell.dedicated.length);
  if (taken === undefined) return undefined;
  if (!cell.emulator) return { order: cell.dedicated, taken };
  const emulatorCore = emulatorCoreBeside(node, taken, cell, rules);
  return emulatorCore === undefined
    ? arrangeAroundEmulator(node.cores, rooms, cell, rules)
    : { order: cell.dedicated, taken, emulatorCore };
}

/** Whether the emulator, where there is one, is in an L3 group of the vCPUs. */
function isTogether({ groups }: NodeState, { taken, emulatorCore }: Arrangement): boolean {
  return (
    emulatorCore === undefined ||
    groups.length === 0 ||
    groups.some((members) => members.includes(emulatorCore) && members.some((core) => taken[core]! > 0))
  );
}

function giveOut({ cores, groups }: NodeState, arrangement: Arrangement, rules: CoreRules): CorePick {
  const { taken, emulatorCore } = arrangement;
  const cpus = new Map<VcpuId, CpuId>();
  const reserved: CpuId[] = [];
  vcpusByCore(arrangement).forEach((vcpus, index) => {
    if (vcpus.length === 0 && index !== emulatorCore) return;
    const core = cores[index]!;
    vcpus.forEach((vcpu, place) => cpus.set(vcpu, core.free[place]!));
    const given = core.free.slice(0, vcpus.length);
    if (keepsSiblings(rules, { vcpus: vcpus.length > 0 }))
      reserved.push(...core.threads.filter((cpu) => !given.includes(cpu)));
    else if (index === emulatorCore) reserved.push(core.free[vcpus.length]!);
  });
  const spread = groups.reduce((sum, members) => sum + (members.some((core) => taken[core]! > 0) ? 1 : 0), 0);
  const pick = { cpus, reserved, moreGroups: Math.max(0, spread - 1) };
  return emulatorCore === undefined ? pick : { ...pick, emulator: cores[emulatorCore]!.free[taken[emulatorCore]!]! };
}
