/** What is used of a host, added up from nothing but its inventory and what is held on it. */
import type { HostInventory } from '../../../src/realtime/host.ts';
import type { HeldPlacement, Placement } from '../../../src/realtime/placement.ts';

export interface NodeUsage {
  /** Free pages by size in KiB. */
  readonly pages: ReadonlyMap<number, number>;
  readonly smallMiB: number;
  readonly shared: number;
  readonly floating: number;
}

export interface Usage {
  /** CPUs that nobody else may be given. */
  readonly busy: ReadonlySet<number>;
  /** CPUs to float over. */
  readonly shared: ReadonlySet<number>;
  readonly floating: number;
  readonly smallFreeMiB: number;
  readonly devices: ReadonlySet<string>;
  readonly nodes: ReadonlyMap<number, NodeUsage>;
}

export function exclusiveOf(placement: Placement): Set<number> {
  const own = placement.vcpuPins.flatMap((pin): number[] => (pin.kind === 'dedicated' ? [pin.cpu] : []));
  return new Set([...own, ...placement.reservedCpus]);
}

export function usageOf(host: HostInventory, held: readonly HeldPlacement[]): Usage {
  const placements = held.map(({ placement }) => placement);
  const exclusive = new Set(placements.flatMap((placement) => [...exclusiveOf(placement)]));
  const visited = placements.flatMap((placement) => {
    const own = exclusiveOf(placement);
    const over: number[] = [...placement.emulatorCpus, ...placement.vcpuPins.flatMap((pin) => (pin.kind === 'floating' ? [...pin.cpus] : []))];
    return over.filter((cpu) => !own.has(cpu) && !host.sharedCpus.has(cpu));
  });
  const shared = new Set(([...host.sharedCpus] as number[]).filter((cpu) => !exclusive.has(cpu) && host.numaNodes.some(({ cpus }) => cpus.has(cpu))));
  const floats = (placement: Placement, vcpus?: { has: (vcpu: number) => boolean }) => placement.vcpuPins.filter((pin) => pin.kind === 'floating' && (vcpus?.has(pin.vcpu) ?? true)).length;
  const nodes = new Map<number, NodeUsage>();
  let smallFreeMiB = 0;
  for (const node of host.numaNodes) {
    const pages = new Map<number, number>();
    let capacityMiB = node.memoryMiB;
    for (const { sizeKiB, total } of node.hugepages) {
      const reserved = host.reservedHugepages.filter((entry) => entry.numaNode === node.id && entry.sizeKiB === sizeKiB).reduce((sum, { count }) => sum + count, 0);
      pages.set(sizeKiB, total - reserved);
      capacityMiB -= (total * sizeKiB) / 1024;
    }
    let smallMiB = capacityMiB;
    let floating = 0;
    for (const placement of placements) {
      placement.cells.forEach((cell, index) => {
        if (cell.hostNode !== node.id) return;
        floating += floats(placement, cell.vcpus);
        if (index === 0) smallMiB -= placement.extraMemoryMiB;
        if (cell.pageSizeKiB === 4) smallMiB -= cell.memoryMiB;
        else if (pages.has(cell.pageSizeKiB)) pages.set(cell.pageSizeKiB, pages.get(cell.pageSizeKiB)! - (cell.memoryMiB * 1024) / cell.pageSizeKiB);
      });
    }
    smallFreeMiB += capacityMiB;
    nodes.set(node.id, { pages, smallMiB, floating, shared: [...shared].filter((cpu) => node.cpus.has(cpu)).length });
  }
  for (const placement of placements) {
    smallFreeMiB -= placement.extraMemoryMiB;
    for (const cell of placement.cells) if (cell.pageSizeKiB === 4) smallFreeMiB -= cell.memoryMiB;
  }
  return {
    busy: new Set([...exclusive, ...visited]),
    shared,
    floating: placements.reduce((sum, placement) => sum + floats(placement), 0),
    smallFreeMiB,
    devices: new Set(placements.flatMap(({ devices }) => devices.map(({ address }) => address))),
    nodes,
  };
}
