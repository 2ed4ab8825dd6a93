/** In which order host NUMA nodes are tried for a guest. */
import type { Demand } from './demand.ts';
import type { DeviceRequest } from './devices.ts';
import type { HostState } from './host-state.ts';
import { smallFreeMiB } from './node-state.ts';
import type { NodeState } from './node-state.ts';

/**
 * By number, where every node gets a cell anyway. Else nodes with free devices that the guest wants come first, then
 * by what the guest takes most of (free dedicated CPUs, or room for floating vCPUs), then by free memory of all page
 * sizes: most first for `Spread`, least for `Pack`; ties by number. As Nova sorts host cells.
 */
export function preferredNodes(
  host: HostState,
  demand: Demand,
  requests: readonly DeviceRequest[],
): readonly NodeState[] {
  if (host.nodes.length === demand.cells.length || host.nodes.length === 1) return host.nodes;
  const direction = demand.guest.packing === 'Spread' ? -1 : 1;
  const ranked = host.nodes.map((node) => ({
    node,
    devices: localDevices(host, node, requests),
    room: roomOf(host, node, demand),
    memory: freeMemoryMiB(node),
  }));
  ranked.sort(
    (one, other) =>
      other.devices - one.devices ||
      direction * (one.room - other.room) ||
      direction * (one.memory - other.memory) ||
      one.node.id - other.node.id,
  );
  return ranked.map(({ node }) => node);
}

/**
 * What a node counts for where several groups of nodes are as near: the more it has free the less for `Spread`, the
 * more for `Pack`. Nothing where all nodes are as far from each other, or all of them are needed.
 */
export function roomCost(host: HostState, node: NodeState, demand: Demand): number {
  if (!host.nearness.isUneven || host.nodes.length === demand.cells.length) return 0;
  return roomOf(host, node, demand) * (demand.guest.packing === 'Spread' ? -1 : 1);
}

function roomOf({ inventory }: HostState, node: NodeState, { dedicatedCpus }: Demand): number {
  return dedicatedCpus > 0 ? node.freeCpus : node.sharedCount * inventory.vcpusPerSharedCpu - node.floating;
}

function freeMemoryMiB(node: NodeState): number {
  return node.hugepages.reduce(
    (sum, { sizeKiB, capacity, used }) => sum + (capacity - used) * (sizeKiB / 1024),
    smallFreeMiB(node),
  );
}

/** How many of the requests this node could serve with a device of its own. */
function localDevices(host: HostState, node: NodeState, requests: readonly DeviceRequest[]): number {
  return requests.filter(({ pool }) =>
    pool.some(({ address, numaNode }) => numaNode === node.id && !host.devices.has(address)),
  ).length;
}
