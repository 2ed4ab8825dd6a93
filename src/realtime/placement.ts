/** The answer of placement: which pCPUs, host NUMA nodes, pages and devices one guest gets on one host. */
import { CpuSet } from './cpu-set.ts';
import type { VcpuSet } from './cpu-set.ts';
import type { CpuId, NumaNodeId, VcpuId } from './ids.ts';

/** A dedicated vCPU has one pCPU to itself; a floating one runs over a set of shared CPUs. */
export type VcpuPin =
  | { readonly kind: 'dedicated'; readonly vcpu: VcpuId; readonly cpu: CpuId }
  | { readonly kind: 'floating'; readonly vcpu: VcpuId; readonly cpus: CpuSet };

/** Where one guest cell went, and the pages that it holds there. */
export interface PlacedCell {
  /** Index of the guest cell. */
  readonly cell: number;
  readonly hostNode: NumaNodeId;
  readonly vcpus: VcpuSet;
  readonly memoryMiB: number;
  /** 4 for small pages, 2048 or 1048576 for huge ones. */
  readonly pageSizeKiB: number;
}

export interface PlacedDevice {
  /** The guest's name for it: of a host device or of an sriov network. */
  readonly name: string;
  readonly address: string;
}

export interface Placement {
  readonly host: string;
  /** In the guest's order; empty for a plain Shared guest. */
  readonly cells: readonly PlacedCell[];
  /** One per vCPU, ascending. */
  readonly vcpuPins: readonly VcpuPin[];
  readonly realtimeVcpus: VcpuSet;
  /** Where QEMU's own threads run. */
  readonly emulatorCpus: CpuSet;
  /** SCHED_FIFO priority of the realtime vCPUs; absent without realtime. */
  readonly priority?: number | undefined;
  /** pCPUs held beyond the dedicated vCPUs' own: siblings kept idle, and an isolated emulator's pCPU. */
  readonly reservedCpus: CpuSet;
  readonly devices: readonly PlacedDevice[];
  /** Small-page memory charged beside the cells: QEMU's own, and all of a guest without cells. To cell 0's host node, or to the host as a whole. */
  readonly extraMemoryMiB: number;
}

/** A placement that a VM holds on a host. */
export interface HeldPlacement {
  readonly uid: string;
  readonly placement: Placement;
}

/** The pCPUs that a placement takes from everybody else. I1. */
export function exclusiveCpus(placement: Placement): CpuSet {
  return placement.reservedCpus.union(dedicatedCpus(placement));
}

/** The pCPUs of the dedicated vCPUs. */
export function dedicatedCpus(placement: Placement): CpuSet {
  return CpuSet.from(placement.vcpuPins.flatMap((pin) => (pin.kind === 'dedicated' ? [pin.cpu] : [])));
}

/** The pCPUs that one vCPU may run on. */
export function pinCpus(pin: VcpuPin): CpuSet {
  return pin.kind === 'dedicated' ? CpuSet.of(pin.cpu) : pin.cpus;
}
