/** Who goes where on a node's cores, before CPU numbers are given out. */
import type { VcpuId } from '../ids.ts';

export interface Arrangement {
  /** vCPUs in the order in which they get CPUs. */
  readonly order: readonly VcpuId[];
  /** How many CPUs of each core they take, core by core. */
  readonly taken: readonly number[];
  /** The core whose next CPU the emulator has. */
  readonly emulatorCore?: number | undefined;
  /** Cores that the first vCPUs of the order go to, before all others; absent: strictly ascending. */
  readonly firstCores?: readonly number[] | undefined;
}

/** The vCPUs on each core, in the order in which they get its CPUs. */
export function vcpusByCore({ order, taken, firstCores = [] }: Arrangement): readonly (readonly VcpuId[])[] {
  const vcpus: (readonly VcpuId[])[] = taken.map(() => []);
  let next = 0;
  const give = (core: number) => {
    if (taken[core] === 0) return;
    vcpus[core] = order.slice(next, next + taken[core]!);
    next += taken[core]!;
  };
  firstCores.forEach(give);
  taken.forEach((_, core) => {
    if (!firstCores.includes(core)) give(core);
  });
  return vcpus;
}

/** Cores that anything is on. */
export function usedCores({ taken, emulatorCore }: Arrangement): readonly number[] {
  return [...taken.keys()].filter((core) => taken[core]! > 0 || core === emulatorCore);
}
