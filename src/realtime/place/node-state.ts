/** The free state of one host NUMA node. */
import { cacheGroups } from '../cache-groups.ts';
import type { CpuSet } from '../cpu-set.ts';
import { smallPageKiB } from '../host.ts';
import type { HostInventory } from '../host.ts';
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
  /** Its place among the nodes of the host. */
  readonly index: number;
  /** To every node of the host, by its place. */
  readonly distances: readonly number[];
  /** Ascending by their first CPU. */
  readonly cores: readonly CoreState[];
  /** L3 groups, as places in {@link cores}; empty where all cores are near each other, or nobody knows. Rule 4.17. */
  readonly groups: readonly (readonly number[])[];
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
  /** Devices here that guests may ask for and none has. */
  freeDevices: number;
}

const noGroups: readonly (readonly number[])[] = [];

/** @param order the host's NUMA nodes as they are counted here, each by its place in the inventory. */
export function nodeState(inventory: HostInventory, index: number, order: readonly number[]): NodeState {
  const node = inventory.numaNodes[order[index]!]!;
  const siblings = inventory.cores
    .filter((core) => core.overlaps(node.cpus))
    .sort((one, other) => one.first! - other.first!);
  const cores = siblings.map((core) => {
    const threads = compact(core);
    const dedicated = threads.filter((cpu) => node.cpus.has(cpu) && inventory.dedicatedCpus.has(cpu));
    return coreState(
      threads,
      dedicated.length === threads.length ? threads : dedicated,
      core.overlaps(inventory.sharedCpus),
    );
  });
  const hugepages = node.hugepages
    .map(({ sizeKiB, total }) => ({
      sizeKiB,
      capacity: Math.max(0, total - reservedPages(inventory, node.id, sizeKiB)),
      used: 0,
    }))
    .sort((one, other) => other.sizeKiB - one.sizeKiB);
  const hugeMiB = node.hugepages.reduce((sum, { sizeKiB, total }) => sum + total * (sizeKiB / 1024), 0);
  const shared = inventory.sharedCpus.intersection(node.cpus);
  return {
    id: node.id,
    index,
    distances: order.map((other) => node.distances[other]!),
    cores,
    groups: cacheGroups(inventory.caches, siblings)?.groups ?? noGroups,
    hugepages,
    smallCapacityMiB: Math.max(0, Math.floor(node.memoryMiB - hugeMiB)),
    smallUsedMiB: 0,
    freeCpus: cores.reduce((sum, core) => sum + core.free.length, 0),
    offeredShared: shared,
    shared,
    sharedCount: shared.size,
    floating: 0,
    freeDevices: 0,
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
  return inventory.reservedHugepages.reduce(
    (sum, entry) => sum + (entry.numaNode === node && entry.sizeKiB === sizeKiB ? entry.count : 0),
    0,
  );
}
