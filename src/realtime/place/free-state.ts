/** What is free on a host, as plain data: for pictures of it, and to see that a release gives back what a commit took. */
import { CpuSet } from '../cpu-set.ts';
import type { NumaNodeId } from '../ids.ts';
import type { HostState } from './host-state.ts';
import { smallFreeMiB } from './node-state.ts';

export interface FreeNode {
  readonly id: NumaNodeId;
  /** Dedicated CPUs that no VM has. */
  readonly cpus: CpuSet;
  readonly shared: CpuSet;
  readonly floatingVcpus: number;
  readonly hugepages: readonly { readonly sizeKiB: number; readonly free: number }[];
  readonly smallMiB: number;
}

export interface FreeState {
  readonly nodes: readonly FreeNode[];
  /** Less than the sum over nodes where guests without cells hold memory of the host as a whole. */
  readonly smallMiB: number;
  /** How many more vCPUs may float over the host. */
  readonly floatingRoom: number;
  /** Addresses of devices and virtual functions, ascending. */
  readonly devices: readonly string[];
}

export function freeState(host: HostState): FreeState {
  const { inventory } = host;
  const pools = [...inventory.deviceClasses.map(({ devices }) => devices), ...inventory.networks.map((network) => (network.kind === 'sriov' ? network.devices : []))];
  const addresses = new Set(pools.flat().map(({ address }) => address));
  return {
    nodes: host.nodes.map((node) => ({
      id: node.id,
      cpus: CpuSet.from(node.cores.flatMap((core) => core.free)),
      shared: node.shared,
      floatingVcpus: node.floating,
      hugepages: node.hugepages.map(({ sizeKiB, capacity, used }) => ({ sizeKiB, free: capacity - used })),
      smallMiB: smallFreeMiB(node),
    })),
    smallMiB: host.smallFreeMiB,
    floatingRoom: host.floatingRoom,
    devices: [...addresses].filter((address) => !host.devices.has(address)).sort(),
  };
}
