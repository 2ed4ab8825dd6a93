/** The core's host to a RealtimeNode: what `rtvm host inventory` prints, `--host` reads and an agent reports. */
import type { HostDevice, HostInventory, HostNetwork } from '../realtime/host.ts';
import { apiVersion } from './metadata.ts';
import { formatKiB } from './quantities.ts';
import type { NodeTopology, RealtimeNodeStatus } from './realtime-node-status.ts';
import type { RealtimeNode, RealtimeNodeSpec } from './realtime-node.ts';

/** What a status has beside the topology. */
export type StatusExtras = Omit<RealtimeNodeStatus, 'topology'>;

/** A document that reads back as the same inventory. A latency in `extras` goes before the inventory's own. */
export function fromInventory(host: HostInventory, extras: StatusExtras = {}): RealtimeNode {
  const latency = host.latencyMicroseconds === undefined ? {} : { latency: { maxMicroseconds: host.latencyMicroseconds } };
  return {
    apiVersion,
    kind: 'RealtimeNode',
    metadata: { name: host.name, ...(Object.keys(host.labels).length === 0 ? {} : { labels: host.labels }) },
    spec: specFromInventory(host),
    status: { topology: topologyFromInventory(host), ...latency, ...extras },
  };
}

/** The administrator's part. */
export function specFromInventory(host: HostInventory): RealtimeNodeSpec {
  return {
    dedicatedCpus: host.dedicatedCpus.toString(),
    sharedCpus: host.sharedCpus.toString(),
    vcpusPerSharedCpu: host.vcpusPerSharedCpu,
    reservedHugepages: host.reservedHugepages.map(({ numaNode, sizeKiB, count }) => ({ numaNode, size: formatKiB(sizeKiB), count })),
    unschedulable: host.unschedulable,
    maxPriority: host.maxPriority,
    networks: host.networks.map(networkToWire),
    deviceClasses: host.deviceClasses.map(({ name, devices }) => ({ name, addresses: devices.map(({ address }) => address) })),
  };
}

/** The machine's part. */
export function topologyFromInventory(host: HostInventory): NodeTopology {
  return {
    numaNodes: host.numaNodes.map(({ id, cpus, memoryMiB, distances, hugepages }) => ({
      id,
      cpus: cpus.toString(),
      memoryMiB,
      distances,
      hugepages: hugepages.map(({ sizeKiB, total, free }) => ({ size: formatKiB(sizeKiB), total, free })),
    })),
    cores: host.cores.map((core) => core.toString()),
    caches: host.caches.map(({ level, cpus }) => ({ level, cpus: cpus.toString() })),
    pciDevices: pciDevicesOf(host),
  };
}

function networkToWire(network: HostNetwork): RealtimeNodeSpec['networks'][number] {
  const { name, openToInline } = network;
  switch (network.kind) {
    case 'bridge':
      return { name, openToInline, bridge: network.bridge };
    case 'macvtap':
      return { name, openToInline, macvtap: network.device };
    case 'sriov':
      return { name, openToInline, sriov: network.devices.map(({ address }) => address) };
    case 'vhostUser':
      return { name, openToInline, vhostUser: network.socketDirectory };
  }
}

/** Every device whose host NUMA node is known, once, by address. */
function pciDevicesOf(host: HostInventory): NodeTopology['pciDevices'] {
  const devices: readonly HostDevice[] = [
    ...host.networks.flatMap((network) => (network.kind === 'sriov' ? network.devices : [])),
    ...host.deviceClasses.flatMap((deviceClass) => deviceClass.devices),
  ];
  const known = new Map(devices.flatMap(({ address, numaNode }) => (numaNode === undefined ? [] : [[address, numaNode] as const])));
  return [...known].sort(([left], [right]) => (left < right ? -1 : 1)).map(([address, numaNode]) => ({ address, numaNode }));
}
