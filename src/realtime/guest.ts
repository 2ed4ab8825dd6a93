/** One guest, fully resolved: nothing is left to default, and nothing refers to another resource. */
import { CpuSet } from './cpu-set.ts';
import type { VcpuSet } from './cpu-set.ts';
import type { VcpuId } from './ids.ts';
import type { CloudInitSpec, CoreSharing, CpuPolicy, CpuTopology, DiskPersistence, HostDeviceSpec, ImageFormat, ImageSource, NetworkSpec, PageSize, Packing, RunStrategy, ThreadPolicy, Toleration } from './spec.ts';

/**
 * Where QEMU's own threads run. `Vcpus` (the union of all vCPU pins) is what a guest without realtime and without a
 * policy gets; people cannot ask for it by name. Rule 3.5.
 */
export type GuestEmulatorThreads = 'Housekeeping' | 'Share' | 'Isolate' | 'Vcpus';

export interface GuestRealtime {
  /** The vCPUs that run SCHED_FIFO; never empty. */
  readonly vcpus: VcpuSet;
  /** 1-99. */
  readonly priority: number;
}

export interface GuestCpu {
  readonly vcpus: number;
  readonly policy: CpuPolicy;
  readonly threadPolicy: ThreadPolicy;
  readonly coreSharing: CoreSharing;
  readonly emulatorThreads: GuestEmulatorThreads;
  /** The vCPUs that get a pCPU of their own: all for Dedicated, none for Shared. The rest float over shared CPUs. */
  readonly dedicatedVcpus: VcpuSet;
  readonly topology: CpuTopology;
  readonly model: string;
  readonly realtime?: GuestRealtime | undefined;
}

export interface GuestMemory {
  readonly sizeMiB: number;
  readonly pageSize: PageSize;
  readonly locked: boolean;
}

/** A guest NUMA node. Cells hold every vCPU exactly once and all memory. */
export interface GuestCell {
  readonly vcpus: VcpuSet;
  readonly memoryMiB: number;
}

/** An image, with what a host needs to find and check it. */
export interface GuestImage {
  readonly name: string;
  readonly format: ImageFormat;
  readonly source: ImageSource;
}

export type GuestDisk = {
  readonly name: string;
  readonly persistence: DiskPersistence;
} & ({ readonly kind: 'image'; readonly image: GuestImage } | { readonly kind: 'empty'; readonly sizeMiB: number });

/** What the machine starts with: a firmware that boots from disk, an image that *is* the firmware, or a kernel. */
export type GuestBoot =
  | { readonly kind: 'firmware'; readonly type: 'BIOS' | 'UEFI' }
  | { readonly kind: 'rom'; readonly image: GuestImage }
  | { readonly kind: 'kernel'; readonly type: 'BIOS' | 'UEFI'; readonly path: string; readonly initrd?: string | undefined; readonly args?: string | undefined };

export interface Guest {
  readonly cpu: GuestCpu;
  readonly memory: GuestMemory;
  /**
   * Guest NUMA nodes in order; each goes to a different host NUMA node. Empty for a plain Shared guest (no huge pages,
   * no dedicated vCPUs, no `numa`), which floats over the host. Rule 1.4.
   */
  readonly cells: readonly GuestCell[];
  readonly boot: GuestBoot;
  readonly disks: readonly GuestDisk[];
  readonly cloudInit?: CloudInitSpec | undefined;
  readonly networks: readonly NetworkSpec[];
  readonly hostDevices: readonly HostDeviceSpec[];
  readonly ioThreads: number;
  /** The domain's UUID. */
  readonly uuid: string;
  readonly packing: Packing;
  /** Labels that a host must carry: the class's and the VM's together. */
  readonly nodeSelector: Readonly<Record<string, string>>;
  /** Taints of nodes that do not keep it away. */
  readonly tolerations?: readonly Toleration[] | undefined;
  readonly maxLatencyMicroseconds?: number | undefined;
  /** What the agent does when the guest ends by itself. */
  readonly runStrategy: RunStrategy;
  readonly terminationGracePeriodSeconds: number;
  /** Only networks that the administrator opened to VMs without a class may be used. */
  readonly inline: boolean;
}

/** The vCPUs that are not realtime; all of them in a guest without realtime. */
export function housekeepingVcpus(cpu: GuestCpu): VcpuSet {
  const all = allVcpus(cpu.vcpus);
  return cpu.realtime === undefined ? all : all.minus(cpu.realtime.vcpus);
}

/** vCPUs 0 to `count` - 1. */
export function allVcpus(count: number): VcpuSet {
  return CpuSet.range<VcpuId>(0, count - 1);
}
