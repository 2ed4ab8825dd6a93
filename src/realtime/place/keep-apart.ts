/** Keeps housekeeping off the cores of realtime vCPUs, where the cores that are used anyway allow it. Rule 4.18. */
import { usedCores, vcpusByCore } from './arrangement.ts';
import type { Arrangement } from './arrangement.ts';
import { chooseCores } from './choose-cores.ts';
import { mayHoldEmulator } from './core-rules.ts';
import type { CoreRules } from './core-rules.ts';
import type { CoreState } from './core-state.ts';
import type { CellDemand } from './demand.ts';

/** Whether a core has a realtime vCPU and one that is not, or the emulator's threads. */
export function isMixed(arrangement: Arrangement, { realtime, dedicated, emulator }: CellDemand): boolean {
  if (realtime.size === 0 || (realtime.size === dedicated.length && !emulator)) return false;
  return vcpusByCore(arrangement).some((vcpus, core) => {
    const count = vcpus.reduce((sum, vcpu) => sum + (realtime.has(vcpu) ? 1 : 0), 0);
    return count > 0 && (count < vcpus.length || core === arrangement.emulatorCore);
  });
}

/**
 * The same vCPUs, and the emulator, on no other cores, housekeeping on some and realtime vCPUs on the others;
 * undefined where these cores cannot be divided so. Housekeeping vCPUs go to the emulator's core first.
 */
export function keptApart(
  cores: readonly CoreState[],
  rooms: readonly number[],
  mixed: Arrangement,
  cell: CellDemand,
  rules: CoreRules,
): Arrangement | undefined {
  const housekeeping = cell.dedicated.filter((vcpu) => !cell.realtime.has(vcpu));
  const realtime = cell.dedicated.filter((vcpu) => cell.realtime.has(vcpu));
  const used = usedCores(mixed);
  for (const emulatorCore of emulatorChoices(cores, rooms, mixed, rules)) {
    const beside =
      emulatorCore === undefined
        ? 0
        : Math.min(housekeeping.length, rooms[emulatorCore]!, cores[emulatorCore]!.free.length - 1);
    const others = used.filter((core) => core !== emulatorCore);
    const own = leastThatHold(others, rooms, housekeeping.length - beside);
    if (own === undefined) continue;
    const forRealtime = chooseCores(
      only(
        rooms,
        others.filter((core) => !own.includes(core)),
      ),
      realtime.length,
    );
    const forOthers = chooseCores(only(rooms, own), housekeeping.length - beside);
    if (forRealtime === undefined || forOthers === undefined) continue;
    const firstCores = emulatorCore === undefined ? own : [emulatorCore, ...own];
    const taken = rooms.map((_, core) => (core === emulatorCore ? beside : forRealtime[core]! + forOthers[core]!));
    return { order: [...housekeeping, ...realtime], taken, firstCores, emulatorCore };
  }
  return undefined;
}

/** Used cores that the emulator may be on: its own first, and one of those that have the same to give. */
function emulatorChoices(
  cores: readonly CoreState[],
  rooms: readonly number[],
  mixed: Arrangement,
  rules: CoreRules,
): readonly (number | undefined)[] {
  if (mixed.emulatorCore === undefined) return [undefined];
  const able = [mixed.emulatorCore, ...usedCores(mixed)].filter((core) => mayHoldEmulator(cores[core]!, rules));
  const different = new Map(able.toReversed().map((core) => [`${rooms[core]!} ${cores[core]!.free.length}`, core]));
  return [...different.values()].toReversed();
}

/** Those of the cores whose rooms together are the least that is enough; ascending. */
function leastThatHold(
  among: readonly number[],
  rooms: readonly number[],
  wanted: number,
): readonly number[] | undefined {
  const all = among.reduce((sum, core) => sum + rooms[core]!, 0);
  /** By sum of rooms: the core that makes it of a smaller one. */
  const last = new Map<number, number>([[0, -1]]);
  for (const core of among) {
    const room = rooms[core]!;
    if (room === 0) continue;
    for (let sum = all; sum >= room; sum -= 1) if (!last.has(sum) && last.has(sum - room)) last.set(sum, core);
  }
  for (let sum = Math.max(0, wanted); sum <= all; sum += 1) {
    if (!last.has(sum)) continue;
    const chosen: number[] = [];
    for (let left = sum; left > 0; left -= rooms[chosen.at(-1)!]!) chosen.push(last.get(left)!);
    return chosen.sort((one, other) => one - other);
  }
  return undefined;
}

function only(rooms: readonly number[], among: readonly number[]): readonly number[] {
  const masked = rooms.map(() => 0);
  for (const core of among) masked[core] = rooms[core]!;
  return masked;
}
