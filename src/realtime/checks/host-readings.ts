/** What host checks look at, as plain data; undefined is what could not be seen. */
import type { CpuSet } from '../cpu-set.ts';
import type { ForeignThread } from '../verify/foreign-threads.ts';

/** Threads of the kernel itself that a spinning vCPU of at least their priority would starve. */
export interface ServiceThread {
  /** `ktimers/2`. */
  readonly comm: string;
  readonly cpu: number;
  /** 0 for one that is not realtime. */
  readonly fifoPriority: number;
}

export interface HostReadings {
  readonly dedicatedCpus: CpuSet;
  readonly sharedCpus: CpuSet;
  readonly maxPriority: number;
  /** Why KVM cannot be used, and what mends it. */
  readonly kvmProblem: { readonly reason: string; readonly remedy: string } | undefined;
  readonly kernel: { readonly release: string; readonly preemptRt: boolean };
  readonly isolated: CpuSet;
  readonly nohzFull: CpuSet;
  /** Of the kernel command line; undefined where it is not there. */
  readonly rcuNocbs: CpuSet | undefined;
  readonly cores: readonly CpuSet[];
  /** Huge pages of all sizes, and CPUs, of each host NUMA node. */
  readonly numaNodes: readonly { readonly id: number; readonly cpus: CpuSet; readonly hugepages: number }[];
  /** `kernel.sched_rt_runtime_us`; -1: no throttling. */
  readonly rtRuntimeUs: number | undefined;
  /** Microseconds or nanoseconds that each dedicated CPU's fair server has; undefined where debugfs does not show it. */
  readonly fairServer: ReadonlyMap<number, number> | undefined;
  readonly rtGroups: { readonly reason: string; readonly remedy: string } | undefined;
  readonly serviceThreads: readonly ServiceThread[];
  /** Of the libvirt daemon; undefined where none runs, or cannot be seen. */
  readonly memoryLock: { readonly hardLimitKiB: number | 'unlimited'; readonly mayRaise: boolean } | undefined;
  readonly clockSource: string | undefined;
  /** `always`, `madvise` or `never`. */
  readonly transparentHugepages: string | undefined;
  readonly ksmRuns: boolean;
  readonly swaps: readonly string[];
  /** Of each dedicated CPU that has one. */
  readonly governors: ReadonlyMap<number, string>;
  /** CPUs that new interrupts go to. */
  readonly defaultIrqCpus: CpuSet | undefined;
  /** Interrupts that are delivered to dedicated CPUs now. */
  readonly irqsOnDedicated: readonly number[];
  readonly irqbalanceRuns: boolean;
  /** The host's own files (of /etc and /var/lib) can be seen. */
  readonly seesFiles: boolean;
  readonly libvirtGuestsEnabled: boolean;
  /** Names of domains that libvirt starts by itself. */
  readonly autostarted: readonly string[];
  /** `file`, `logd`; undefined: libvirt's default, logd. */
  readonly stdioHandler: string | undefined;
  /** qemu.conf keeps libvirt off the cpu controller of cgroup v1. */
  readonly avoidsCpuController: boolean;
  /** What kubelet gives to pods; undefined where there is no kubelet. */
  readonly kubelet: { readonly policy: string; readonly defaultCpus: CpuSet | undefined } | undefined;
  /** The host's own tree of control groups can be seen. */
  readonly seesControlGroups: boolean;
  /** Threads of others that may take pCPUs from guests, as the last scan found them; absent where nobody scans. */
  readonly foreignThreads?: readonly ForeignThread[] | undefined;
  /** It is a virtual machine itself. */
  readonly isGuest: boolean;
}
