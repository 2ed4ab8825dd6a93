/** What was read from a live domain's process: the input of verification. The reader is the node agent's; this is only data. */
import type { CpuSet } from './cpu-set.ts';

/** As in sched_getscheduler(2); DEADLINE is what the kernel calls 6. */
export type SchedPolicy = 'OTHER' | 'FIFO' | 'RR' | 'BATCH' | 'IDLE' | 'DEADLINE' | 'EXT';

export interface ObservedThread {
  readonly tid: number;
  /** `/proc/PID/task/TID/comm`: at most 15 bytes, so long names arrive cut. */
  readonly comm: string;
  /** As in `/proc/PID/stat`: `T` stopped by a signal, `t` by a debugger. */
  readonly state: string;
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
  /** CPUs of the host that are online; absent where it was not read. */
  readonly onlineCpus?: CpuSet | undefined;
  /** What the control groups of the process say; absent where the host's own tree of them cannot be seen. */
  readonly groups?: ObservedGroups | undefined;
}

/** The control groups of one process. What cannot be seen is absent, and is never taken to be right. */
export interface ObservedGroups {
  /** One for each group that has vCPUs, I/O threads or QEMU's main thread in it. */
  readonly threads: readonly ThreadGroup[];
  /** Every quota on one of these groups or on one above it; empty where there is none. */
  readonly quotas?: readonly CpuQuota[] | undefined;
  /** Memory in small pages by host NUMA node. */
  readonly smallKiB?: MemoryByNode | undefined;
  /** Huge pages by their size in KiB, and host NUMA node. */
  readonly hugeKiB?: ReadonlyMap<number, MemoryByNode> | undefined;
}

/** KiB by the kernel's number of the host NUMA node. */
export type MemoryByNode = ReadonlyMap<number, number>;

export interface CpuQuota {
  readonly name: string;
  /** How many CPUs' time the ordinary threads of the group may use, all together. */
  readonly cpus: number;
  /** Threads of the process that it holds, itself or in groups below it. */
  readonly tids: readonly number[];
}

export interface ThreadGroup {
  /** The last two parts of its path, for people: `machine-qemu-1-vm.scope/vcpu1`. */
  readonly name: string;
  readonly tids: readonly number[];
  /** `cpuset.cpus.effective`. */
  readonly cpus?: CpuSet | undefined;
  /** The part of the time that its FIFO threads may run at most (RT_GROUP_SCHED); 1 for all of it. */
  readonly realtimeShare?: number | undefined;
  readonly frozen?: boolean | undefined;
}
