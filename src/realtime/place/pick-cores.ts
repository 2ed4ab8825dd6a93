/** Which pCPUs of one host NUMA node a guest cell's dedicated vCPUs and the isolated emulator threads get. */
import type { CpuId, VcpuId } from '../ids.ts';
import { chooseCores } from './choose-cores.ts';
import { keepsSiblings, roomFor } from './core-rules.ts';
import type { CoreRules } from './core-rules.ts';
import type { CoreState } from './core-state.ts';
import type { CellDemand } from './demand.ts';
import { arrangeAroundEmulator, emulatorCoreBeside } from './emulator-core.ts';
import type { Arrangement } from './emulator-core.ts';

export interface CorePick {
  readonly cpus: ReadonlyMap<VcpuId, CpuId>;
  /** The isolated emulator's; absent where the cell does not have it. */
  readonly emulator?: CpuId | undefined;
  /** Siblings kept idle, and the emulator's CPU. */
  readonly reserved: readonly CpuId[];
}

const nothing: CorePick = { cpus: new Map(), reserved: [] };

/**
 * vCPUs go out in ascending order, core by core, ascending; only where the emulator threads find no place that way do
 * housekeeping vCPUs come first, to share their core. Rules 3.4 and 4.7.
 * @returns undefined exactly where these cores cannot hold the cell's dedicated vCPUs and emulator.
 */
export function pickCores(cores: readonly CoreState[], cell: CellDemand, rules: CoreRules): CorePick | undefined {
  if (cell.dedicated.length === 0 && !cell.emulator) return nothing;
  const arrangement = arrange(cores, cell, rules);
  return arrangement === undefined ? undefined : giveOut(cores, arrangement, rules);
}

function arrange(cores: readonly CoreState[], cell: CellDemand, rules: CoreRules): Arrangement | undefined {
  const rooms = cores.map((core) => roomFor(core, rules));
  const taken = chooseCores(rooms, cell.dedicated.length);
  if (taken === undefined) return undefined;
  if (!cell.emulator) return { order: cell.dedicated, taken };
  const emulatorCore = emulatorCoreBeside(cores, taken, cell, rules);
  return emulatorCore === undefined ? arrangeAroundEmulator(cores, rooms, cell, rules) : { order: cell.dedicated, taken, emulatorCore };
}

function giveOut(cores: readonly CoreState[], { order, taken, emulatorCore, firstCore }: Arrangement, rules: CoreRules): CorePick {
  const cpus = new Map<VcpuId, CpuId>();
  const reserved: CpuId[] = [];
  let next = 0;
  const giveCore = (core: number) => {
    for (let index = 0; index < taken[core]!; index += 1) {
      cpus.set(order[next]!, cores[core]!.free[index]!);
      next += 1;
    }
  };
  if (firstCore !== undefined) giveCore(firstCore);
  cores.forEach((core, index) => {
    const count = taken[index]!;
    if (index !== firstCore) giveCore(index);
    if (count === 0 && index !== emulatorCore) return;
    const given = core.free.slice(0, count);
    if (keepsSiblings(rules, { vcpus: count > 0 })) reserved.push(...core.threads.filter((cpu) => !given.includes(cpu)));
    else if (index === emulatorCore) reserved.push(core.free[count]!);
  });
  return emulatorCore === undefined ? { cpus, reserved } : { cpus, reserved, emulator: cores[emulatorCore]!.free[taken[emulatorCore]!]! };
}
