/** The free state of one core on one host NUMA node. */
import type { CpuId } from '../ids.ts';

/** Replaced field by field as VMs come and go; read by everything else here. */
export interface CoreState {
  /** All SMT siblings, ascending. */
  readonly threads: readonly CpuId[];
  /** The siblings on this node that may be given to vCPUs, ascending. */
  readonly dedicated: readonly CpuId[];
  /** Other VMs' floating vCPUs may run on a sibling. */
  readonly hasShared: boolean;
  /** Dedicated CPUs that no VM has, ascending. */
  free: readonly CpuId[];
  /** No VM is on any sibling, nor can one float there: fit for a guest that shares no core. */
  open: boolean;
  /** Every sibling is dedicated and free. */
  whole: boolean;
}

export function coreState(threads: readonly CpuId[], dedicated: readonly CpuId[], hasShared: boolean): CoreState {
  return { threads, dedicated, hasShared, free: dedicated, open: !hasShared, whole: dedicated.length === threads.length };
}

/** Recomputes what depends on who has which CPU. */
export function refreshCore(core: CoreState, isTaken: (cpu: CpuId) => boolean): void {
  const taken = core.threads.filter(isTaken);
  core.free = taken.length === 0 ? core.dedicated : core.dedicated.filter((cpu) => !taken.includes(cpu));
  core.whole = core.free.length === core.threads.length;
  core.open = !core.hasShared && taken.length === 0;
}
