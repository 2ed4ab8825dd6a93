/**
 * Which threads of the host, none of them of a guest of ours, may take pCPUs from guests that have them to themselves:
 * pure.
 */
import type { CpuSet } from '../cpu-set.ts';
import type { SchedPolicy } from '../observed.ts';

/** A thread of the host, as a scan of all of them reads it. */
export interface HostThread {
  /** The process that it belongs to; its own number for a thread of the kernel. */
  readonly pid: number;
  readonly tid: number;
  readonly comm: string;
  readonly policy: SchedPolicy;
  readonly priority: number;
  readonly allowedCpus: CpuSet;
}

export interface ForeignThread extends HostThread {
  /**
   * `pinned`: it may run on such pCPUs alone. `realtime`: when it may, no guest's thread of lower priority goes on
   * there.
   */
  readonly why: 'pinned' | 'realtime';
  /** The pCPUs of guests among those that it may run on. */
  readonly cpus: CpuSet;
}

/**
 * An ordinary thread that floats over the host, guests' pCPUs too, is no such thread: isolated pCPUs are out of the
 * scheduler's reach, and what is not isolated is a host check.
 * @param guestCpus the pCPUs that guests have to themselves.
 */
export function foreignThreads(threads: readonly HostThread[], guestCpus: CpuSet): readonly ForeignThread[] {
  return threads.flatMap((thread): ForeignThread[] => {
    const cpus = thread.allowedCpus.intersection(guestCpus);
    if (cpus.isEmpty) return [];
    if (realtime.has(thread.policy)) return [{ ...thread, why: 'realtime', cpus }];
    return thread.allowedCpus.isSubsetOf(guestCpus) ? [{ ...thread, why: 'pinned', cpus }] : [];
  });
}

const realtime: ReadonlySet<SchedPolicy> = new Set<SchedPolicy>(['FIFO', 'RR', 'DEADLINE']);

/** `stress (tid 812) pinned to pCPUs 2`; `watchdogd (tid 42), FIFO 50, which may run on pCPUs 2-3`. */
export function describeForeign({ comm, tid, policy, priority, why, cpus }: ForeignThread): string {
  const name = `thread ${comm} (tid ${tid})`;
  const scheduling = priority > 0 ? `${policy} ${priority}` : policy;
  return why === 'pinned' ? `${name}, pinned to pCPUs ${cpus.toString()}` : `${name}, ${scheduling}, which may run on pCPUs ${cpus.toString()}`;
}
