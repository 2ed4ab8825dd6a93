/** One host as placement sees it: what the machine has, and what the administrator lets guests use of it. */
import type { CpuSet } from './cpu-set.ts';
import type { NumaNodeId } from './ids.ts';
import type { Taint } from './spec.ts';

export interface HostHugepages {
  /** 2048 for 2Mi, 1048576 for 1Gi. */
  readonly sizeKiB: number;
  readonly total: number;
  /** The kernel's own count; placement never uses it, a host check compares it with the books. */
  readonly free: number;
}

export interface HostNumaNode {
  readonly id: NumaNodeId;
  readonly cpus: CpuSet;
  readonly memoryMiB: number;
  /** SLIT distances to every host NUMA node, in the order of {@link HostInventory.numaNodes}; 10 is local. */
  readonly distances: readonly number[];
  readonly hugepages: readonly HostHugepages[];
}

export interface HostCache {
  readonly level: number;
  readonly cpus: CpuSet;
}

export interface ReservedHugepages {
  readonly numaNode: NumaNodeId;
  readonly sizeKiB: number;
  readonly count: number;
}

/** A network that guests may name; the administrator says what it is on this host. */
export type HostNetwork = {
  readonly name: string;
  /** VMs without a class may use it too. */
  readonly openToInline: boolean;
} & (
  | { readonly kind: 'bridge'; readonly bridge: string }
  | { readonly kind: 'macvtap'; readonly device: string }
  | { readonly kind: 'sriov'; readonly devices: readonly HostDevice[] }
  | { readonly kind: 'vhostUser'; readonly socketDirectory: string }
);

/** A PCI function: `0000:3b:00.1`. */
export interface HostDevice {
  readonly address: string;
  /** Absent where the firmware does not say. */
  readonly numaNode?: NumaNodeId | undefined;
}

export interface HostDeviceClass {
  readonly name: string;
  readonly devices: readonly HostDevice[];
}

export interface HostInventory {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly numaNodes: readonly HostNumaNode[];
  /** SMT sibling sets; every CPU of the host is in exactly one. */
  readonly cores: readonly CpuSet[];
  readonly caches: readonly HostCache[];
  /** pCPUs that may be given to one vCPU each. Never overlaps `sharedCpus`. */
  readonly dedicatedCpus: CpuSet;
  /** pCPUs that floating vCPUs and shared emulator threads run over. */
  readonly sharedCpus: CpuSet;
  /** How many floating vCPUs one shared CPU carries. */
  readonly vcpusPerSharedCpu: number;
  readonly reservedHugepages: readonly ReservedHugepages[];
  readonly unschedulable: boolean;
  /** Why it cannot take guests now, in a few words; absent where it can. */
  readonly notReady?: string | undefined;
  /** Of its Kubernetes node, where it has one. */
  readonly taints?: readonly Taint[] | undefined;
  /** The highest SCHED_FIFO priority that a guest may have here. */
  readonly maxPriority: number;
  readonly networks: readonly HostNetwork[];
  readonly deviceClasses: readonly HostDeviceClass[];
  /** Worst latency measured on this host, where it has been measured. */
  readonly latencyMicroseconds?: number | undefined;
}

/** 4 KiB: the base page of x86-64, and the unit of everything that is not huge. */
export const smallPageKiB = 4;
/** PREEMPT_RT's threaded interrupts run at FIFO 50; a vCPU at or above it would starve them. */
export const defaultMaxPriority = 49;
export const defaultVcpusPerSharedCpu = 4;
