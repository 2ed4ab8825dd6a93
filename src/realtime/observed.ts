/** What was read from a live domain's process: the input of verification. The reader is the node agent's; this is only data. */
import type { CpuSet } from './cpu-set.ts';

/** As in sched_getscheduler(2); DEADLINE is what the kernel calls 6. */
export type SchedPolicy = 'OTHER' | 'FIFO' | 'RR' | 'BATCH' | 'IDLE' | 'DEADLINE' | 'EXT';

export interface ObservedThread {
  readonly tid: number;
  /** `/proc/PID/task/TID/comm`: at most 15 bytes, so long names arrive cut. */
  readonly comm: string;
  readonly policy: SchedPolicy;
  /** rt_priority: 0 unless FIFO or RR. */
  readonly priority: number;
  readonly allowedCpus: CpuSet;
  /** The CPU it last ran on. */
  readonly lastCpu: number;
  readonly voluntarySwitches: bigint;
  readonly involuntarySwitches: bigint;
  /** Time spent runnable but waiting for a CPU, from schedstat; 0 where the kernel does not keep it. */
  readonly runDelayNs: bigint;
}

export interface ObservedProcess {
  readonly pid: number;
  /** Field 22 of `/proc/PID/stat`, in clock ticks since boot: tells a reused pid apart. */
  readonly startTicks: bigint;
  readonly threads: readonly ObservedThread[];
  /** Kernel threads that work for this VM outside its process: vhost workers, `kvm-nx-lpage-re`, `kvm-pit`. */
  readonly kernelThreads: readonly ObservedThread[];
  /** From `/proc/PID/status`, all in KiB. Huge pages are in `hugetlbKiB` only, never in `lockedKiB`. */
  readonly lockedKiB: number;
  readonly residentKiB: number;
  readonly swappedKiB: number;
  readonly hugetlbKiB: number;
}
