/** The free state of one host NUMA node. */
import type { CpuSet } from '../cpu-set.ts';
import { smallPageKiB } from '../host.ts';
import type { HostInventory, HostNumaNode } from '../host.ts';
import type { CpuId, NumaNodeId } from '../ids.ts';
import { coreState } from './core-state.ts';
import type { CoreState } from './core-state.ts';

export interface PageState {
  readonly sizeKiB: number;
  /** Total minus what the administrator reserved. */
  readonly capacity: number;
  used: number;
}

export interface NodeState {
  readonly id: NumaNodeId;
  /** Ascending by their first CPU. */
  readonly cores: readonly CoreState[];
  /** Biggest page first. */
  readonly hugepages: readonly PageState[];
  /** What is left for small pages once the huge ones are set aside. */
  readonly smallCapacityMiB: number;
  smallUsedMiB: number;
  /** Dedicated CPUs that no VM has, over all cores. */
  freeCpus: number;
  /** Shared CPUs by the administrator's word. */
  readonly offeredShared: CpuSet;
  /** CPUs to float over: those, without any that a VM has to itself. */
  shared: CpuSet;
  /** How many they are. */
  sharedCount: number;
  /** Floating vCPUs of cells on this node. */
  floating: number;
}

export function nodeState(inventory: HostInventory, node: HostNumaNode): NodeState {
  const cores = inventory.cores
    .filter((core) => core.overlaps(node.cpus))
    .map((core) => {
      const threads = compact(core);
      const dedicated = threads.filter((cpu) => node.cpus.has(cpu) && inventory.dedicatedCpus.has(cpu));
      return coreState(threads, dedicated.length === threads.length ? threads : dedicated, core.overlaps(inventory.sharedCpus));
    })
    .sort((one, other) => one.threads[0]! - other.threads[0]!);
  const hugepages = node.hugepages
    .map(({ sizeKiB, total }) => ({ sizeKiB, capacity: Math.max(0, total - reservedPages(inventory, node.id, sizeKiB)), used: 0 }))
    .sort((one, other) => other.sizeKiB - one.sizeKiB);
  const hugeMiB = node.hugepages.reduce((sum, { sizeKiB, total }) => sum + total * (sizeKiB / 1024), 0);
  const shared = inventory.sharedCpus.intersection(node.cpus);
  return {
    id: node.id,
    cores,
    hugepages,
    smallCapacityMiB: Math.max(0, Math.floor(node.memoryMiB - hugeMiB)),
    smallUsedMiB: 0,
    freeCpus: cores.reduce((sum, core) => sum + core.free.length, 0),
    offeredShared: shared,
    shared,
    sharedCount: shared.size,
    floating: 0,
  };
}

/** Pages of this size that can still be given; small pages are counted in MiB, by {@link smallFreeMiB}. */
export function freePages(node: NodeState, sizeKiB: number): number {
  const pages = node.hugepages.find((candidate) => candidate.sizeKiB === sizeKiB);
  return pages === undefined ? 0 : pages.capacity - pages.used;
}

export function smallFreeMiB(node: NodeState): number {
  return node.smallCapacityMiB - node.smallUsedMiB;
}

export function isSmall(pageSizeKiB: number): boolean {
  return pageSizeKiB <= smallPageKiB;
}

/** A list no longer than its members: there are hundreds of thousands, and one that grew keeps room to grow. */
function compact(cpus: CpuSet): CpuId[] {
  return cpus.toArray().slice();
}

export function reservedPages(inventory: HostInventory, node: NumaNodeId, sizeKiB: number): number {
  return inventory.reservedHugepages.reduce((sum, entry) => sum + (entry.numaNode === node && entry.sizeKiB === sizeKiB ? entry.count : 0), 0);
}
