/** What one placement takes of its host, worked out once for as long as it is held. */
import { CpuSet, unionOf } from '../cpu-set.ts';
import { dedicatedCpus } from '../placement.ts';
import type { HeldPlacement, Placement } from '../placement.ts';
import { isSmall } from './node-state.ts';

export interface Claim extends HeldPlacement {
  /** The pCPUs of dedicated vCPUs. */
  readonly dedicated: CpuSet;
  /** Those and the reserved ones: nobody else gets them. I1. */
  readonly exclusive: CpuSet;
  /** pCPUs that its floating vCPUs and emulator threads use without having them to themselves. */
  readonly floatedOver: CpuSet;
  /** Floating vCPUs. */
  readonly floating: number;
  /** Of those, how many each of the placement's cells has. */
  readonly floatingOfCell: readonly number[];
}

const nothing: CpuSet = CpuSet.empty();

export function claimOf({ uid, placement }: HeldPlacement): Claim {
  const dedicated = dedicatedCpus(placement);
  const exclusive = placement.reservedCpus.union(dedicated);
  const floating = placement.vcpuPins.filter((pin) => pin.kind === 'floating');
  return {
    uid,
    placement,
    dedicated,
    exclusive,
    floatedOver: floating.length === 0 && placement.emulatorCpus.isSubsetOf(exclusive) ? nothing : unionOf(new Set([placement.emulatorCpus, ...floating.map((pin) => pin.cpus)])).minus(exclusive),
    floating: floating.length,
    floatingOfCell: placement.cells.map((cell) => floating.filter((pin) => cell.vcpus.has(pin.vcpu)).length),
  };
}

/** Small-page memory in MiB that a placement takes on the node of one of its cells: QEMU's own with cell 0. */
export function smallMiBOfCell({ cells, extraMemoryMiB }: Placement, index: number): number {
  const cell = cells[index]!;
  return (isSmall(cell.pageSizeKiB) ? cell.memoryMiB : 0) + (index === 0 ? extraMemoryMiB : 0);
}
