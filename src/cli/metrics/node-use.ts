/** What a node's guests hold of it, as figures. */
import { placementFromWire } from '../../crds/placement-wire.ts';
import { formatKiB } from '../../crds/quantities.ts';
import type { AllocatedGuest } from '../../crds/realtime-allocation.ts';
import { smallPageKiB } from '../../realtime/host.ts';
import type { HostInventory } from '../../realtime/host.ts';
import { exclusiveCpus } from '../../realtime/placement.ts';
import type { Placement } from '../../realtime/placement.ts';

export interface HugepageUse {
  readonly numaNode: number;
  /** `2Mi`, `1Gi`. */
  readonly size: string;
  readonly allocated: number;
  readonly allocatable: number;
}

export interface NodeUse {
  /** pCPUs that guests have to themselves. */
  readonly allocatedCpus: number;
  readonly allocatableCpus: number;
  readonly hugepages: readonly HugepageUse[];
}

export function nodeUse(guests: readonly AllocatedGuest[], inventory: HostInventory): NodeUse {
  const placements = guests.flatMap(({ placement }) => {
    const checked = placementFromWire(placement, 'placement');
    return checked.ok ? [checked.value] : [];
  });
  return {
    allocatedCpus: placements.reduce((sum, placement) => sum + exclusiveCpus(placement).size, 0),
    allocatableCpus: inventory.dedicatedCpus.size,
    hugepages: inventory.numaNodes.flatMap(({ id, hugepages }) => hugepages.map(({ sizeKiB, total }) => ({
      numaNode: id,
      size: formatKiB(sizeKiB),
      allocated: placements.reduce((sum, placement) => sum + pagesOf(placement, id, sizeKiB), 0),
      allocatable: total - (inventory.reservedHugepages.find((reserved) => reserved.numaNode === id && reserved.sizeKiB === sizeKiB)?.count ?? 0),
    }))),
  };
}

function pagesOf({ cells }: Placement, numaNode: number, sizeKiB: number): number {
  return cells
    .filter((cell) => cell.hostNode === numaNode && cell.pageSizeKiB === sizeKiB && sizeKiB !== smallPageKiB)
    .reduce((sum, { memoryMiB }) => sum + (memoryMiB * 1024) / sizeKiB, 0);
}
