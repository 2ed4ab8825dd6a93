/** Says how near a VM's parts came to be on its host, measured from the placement alone. Rule 4.16. */
import { cacheGroups } from '../../realtime/cache-groups.ts';
import type { HostInventory, HostNumaNode } from '../../realtime/host.ts';
import { dedicatedCpus } from '../../realtime/placement.ts';
import type { Placement } from '../../realtime/placement.ts';

/**
 * `vCPUs in one L3` or `vCPUs over 3 L3`, `nodes 12 apart`, `d at distance 32`; what could be no other way is not
 * said.
 */
export function nearnessParts(host: HostInventory, placement: Placement): string[] {
  return [...cacheParts(host, placement), ...nodeParts(host, placement), ...deviceParts(host, placement)];
}

/** Of each cell on a node that is divided into groups. */
function cacheParts(host: HostInventory, placement: Placement): string[] {
  return placement.cells.flatMap(({ cell, hostNode, vcpus }) => {
    const node = nodeOf(host, hostNode);
    const own = dedicatedCpus({ ...placement, vcpuPins: placement.vcpuPins.filter(({ vcpu }) => vcpus.has(vcpu)) });
    if (node === undefined || own.isEmpty) return [];
    const cores = host.cores.filter((core) => core.overlaps(node.cpus));
    const found = cacheGroups(host.caches, cores);
    if (found === undefined) return [];
    const used = found.groups.filter((members) => members.some((core) => cores[core]!.overlaps(own))).length;
    const whose = placement.cells.length === 1 ? 'vCPUs' : `vCPUs of cell ${cell}`;
    return [`${whose} ${used === 1 ? 'in one' : `over ${used}`} L${found.level}`];
  });
}

/** Of guests on several nodes: the farthest two, where nodes differ at all. */
function nodeParts(host: HostInventory, { cells }: Placement): string[] {
  const between = (one: number, other: number) =>
    nodeOf(host, one)?.distances[host.numaNodes.findIndex(({ id }) => id === other)];
  const pairsOf = (ids: readonly number[]) =>
    ids.flatMap((one) => ids.flatMap((other) => (one === other ? [] : (between(one, other) ?? []))));
  const own = pairsOf(cells.map(({ hostNode }) => hostNode));
  const isEven = new Set(pairsOf(host.numaNodes.map(({ id }) => id))).size < 2;
  return own.length === 0 || isEven ? [] : [`nodes at most ${Math.max(...own)} apart`];
}

/** Of each device that is on none of the guest's nodes. */
function deviceParts(host: HostInventory, { cells, devices }: Placement): string[] {
  const pools = [
    ...host.deviceClasses.map((deviceClass) => deviceClass.devices),
    ...host.networks.map((network) => (network.kind === 'sriov' ? network.devices : [])),
  ];
  const known = new Map(pools.flat().map(({ address, numaNode }) => [address, numaNode]));
  if (cells.length === 0) return [];
  return devices.flatMap(({ name, address }) => {
    const at = known.get(address);
    if (at === undefined || cells.some(({ hostNode }) => hostNode === at)) return [];
    const place = host.numaNodes.findIndex(({ id }) => id === at);
    const distances = cells.flatMap(({ hostNode }) => nodeOf(host, hostNode)?.distances[place] ?? []);
    return distances.length === 0 ? [] : [`${name} on node ${at}, ${Math.min(...distances)} away`];
  });
}

function nodeOf(host: HostInventory, id: number): HostNumaNode | undefined {
  return host.numaNodes.find((node) => node.id === id);
}
