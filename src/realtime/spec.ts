/** What people ask for, in core terms: the parts of RealtimeVM, RealtimeVMClass and RealtimeImage that resolving needs. Masks stay text here, since their base depends on other fields. */
import type { VmIdentity } from './ids.ts';
import type { VcpuSet } from './cpu-set.ts';

export type CpuPolicy = 'Shared' | 'Dedicated' | 'Mixed';
export type ThreadPolicy = 'Prefer' | 'Require' | 'Isolate';
export type CoreSharing = 'Forbid' | 'Allow';
export type EmulatorThreads = 'Housekeeping' | 'Share' | 'Isolate';
/** `Small` is the host's base page; `Large` the biggest that fits exactly; `Any` whatever fits. */
export type PageSize = 'Small' | 'Large' | 'Any' | '2Mi' | '1Gi';
export type Packing = 'Spread' | 'Pack';
export type RunStrategy = 'Always' | 'RerunOnFailure' | 'Once' | 'Halted';

export interface RealtimeSpec {
  /** Realtime vCPUs, in the grammar of rule 2.1; absent means `^0` (or all, with emulator threads off the vCPUs). */
  readonly mask?: string | undefined;
  /** SCHED_FIFO priority, 1-99; absent means 1. */
  readonly priority?: number | undefined;
}

export interface CpuTopology {
  readonly sockets: number;
  readonly cores: number;
  readonly threads: number;
}

export interface CpuSpec {
  readonly vcpus: number;
  readonly policy?: CpuPolicy | undefined;
  readonly threadPolicy?: ThreadPolicy | undefined;
  readonly coreSharing?: CoreSharing | undefined;
  readonly dedicatedMask?: string | undefined;
  readonly emulatorThreads?: EmulatorThreads | undefined;
  readonly topology?: CpuTopology | undefined;
  /** `host-passthrough` unless said otherwise. */
  readonly model?: string | undefined;
  /** Present: realtime. Nothing else turns it on. */
  readonly realtime?: RealtimeSpec | undefined;
}

export interface MemorySpec {
  readonly sizeMiB: number;
  readonly pageSize?: PageSize | undefined;
  /** Lock all memory; realtime guests always are. */
  readonly locked?: boolean | undefined;
}

export interface NumaSpec {
  /** Number of even cells; absent with `cells`. */
  readonly nodes?: number | undefined;
  readonly cells?: readonly { readonly vcpus: VcpuSet; readonly memoryMiB: number }[] | undefined;
}

/** The three parts that a class fixes or a VM states inline, never both. */
export interface ShapeSpec {
  readonly cpu: CpuSpec;
  readonly memory: MemorySpec;
  readonly numa?: NumaSpec | undefined;
}

export type DiskPersistence = 'Ephemeral' | 'NodeLocal';

export type DiskSpec = {
  readonly name: string;
  readonly persistence: DiskPersistence;
} & ({ readonly image: string } | { readonly emptySizeMiB: number });

export interface KernelSpec {
  /** Relative to the host's image root, as are all paths that people write. */
  readonly path: string;
  readonly initrd?: string | undefined;
  readonly args?: string | undefined;
}

export interface NetworkSpec {
  readonly name: string;
  /** A network that the administrator named on RealtimeNode. */
  readonly network: string;
  readonly model: 'virtio' | 'e1000e';
  readonly mac?: string | undefined;
}

export interface HostDeviceSpec {
  readonly name: string;
  /** A device class that the administrator named on RealtimeNode. */
  readonly class: string;
  readonly numaAffinity: 'Required' | 'Preferred';
}

export interface CloudInitSpec {
  readonly userData: string;
  readonly metaData?: string | undefined;
  readonly networkConfig?: string | undefined;
}

export type TaintEffect = 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';

/** A taint of a Kubernetes node that keeps guests away which do not tolerate it. */
export interface Taint {
  readonly key: string;
  readonly value?: string | undefined;
  readonly effect: TaintEffect;
}

/** As Kubernetes has it: no key with `Exists` tolerates every taint, no effect every effect. */
export interface Toleration {
  readonly key?: string | undefined;
  readonly operator: 'Exists' | 'Equal';
  readonly value?: string | undefined;
  readonly effect?: TaintEffect | undefined;
}

export interface FirmwareSpec {
  readonly type: 'BIOS' | 'UEFI';
  /** Identity across re-creation; absent means the resource's UID. */
  readonly uuid?: string | undefined;
}

/** A RealtimeVM as resolving sees it. */
export interface VmSpec {
  readonly identity: VmIdentity;
  /** metadata.generation: which spec a domain was made from. */
  readonly generation: number;
  readonly className?: string | undefined;
  readonly inline?: Partial<ShapeSpec> | undefined;
  readonly maxLatencyMicroseconds?: number | undefined;
  /** The short form `image {name}`: the image that the guest starts from, on an Ephemeral disk before all others. */
  readonly image?: string | undefined;
  readonly disks: readonly DiskSpec[];
  readonly kernel?: KernelSpec | undefined;
  readonly cloudInit?: CloudInitSpec | undefined;
  readonly networks: readonly NetworkSpec[];
  readonly hostDevices: readonly HostDeviceSpec[];
  readonly ioThreads: number;
  readonly firmware: FirmwareSpec;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations?: readonly Toleration[] | undefined;
  readonly runStrategy: RunStrategy;
  readonly restartedAt?: string | undefined;
  readonly terminationGracePeriodSeconds: number;
  readonly placementPriority: number;
}

/** A RealtimeVMClass as resolving sees it: the flavor. */
export interface ClassSpec extends ShapeSpec {
  readonly name: string;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly packing: Packing;
  /** Networks and device classes that VMs of this class may name, and whether they may keep disks on a node. */
  readonly allow: {
    readonly networks: readonly string[];
    readonly deviceClasses: readonly string[];
    readonly nodeLocalDisks: boolean;
  };
}

export type ImageFormat = 'raw' | 'qcow2' | 'rom';

export type ImageSource =
  | { readonly kind: 'path'; readonly path: string; readonly sha256?: string | undefined }
  | { readonly kind: 'url'; readonly url: string; readonly sha256: string };

/** A RealtimeImage as resolving sees it. */
export interface ImageSpec {
  readonly namespace: string;
  readonly name: string;
  readonly format: ImageFormat;
  readonly source: ImageSource;
  readonly realtimeMask?: string | undefined;
}
