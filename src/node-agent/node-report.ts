/** Keeps this host's RealtimeNode: makes it where there is none, and tells what the host is. */
import { hostname } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import { deviceAddressesOf } from '../crds/host-devices.ts';
import { specFromInventory, topologyFromInventory } from '../crds/from-inventory.ts';
import type { RealtimeNodeStatus } from '../crds/realtime-node-status.ts';
import type { RealtimeNodeSpec } from '../crds/realtime-node.ts';
import { isStoreError } from '../store/errors.ts';
import { modify } from '../store/modify.ts';
import type { ResourceStore } from '../store/resource-store.ts';
import type { Stored } from '../store/resource.ts';
import type { HostRoot } from './host/host-root.ts';
import { makeInventory } from './host/inventory.ts';
import { readPciDeviceNodes } from './host/pci-devices.ts';
import { readTopology } from './host/topology.ts';
import { readKernelVersion } from './host/versions.ts';

/** The name of this host's RealtimeNode where nobody gives another: its host name, as Kubernetes names nodes. */
export function defaultNodeName(): string {
  return hostname().toLowerCase();
}

export interface NodePublication {
  readonly store: ResourceStore;
  readonly nodeName: string;
  /** Of a RealtimeNode that has to be made; one that is there keeps its own. */
  readonly nodeLabels: Readonly<Record<string, string>>;
  readonly root: HostRoot;
  /** Of rtvm, on this host. */
  readonly version: string;
}

/**
 * The RealtimeNode of this host, with its topology as it is now. Made where there is none: the CPUs that the kernel
 * isolates are dedicated, the others shared, until an administrator says otherwise.
 */
export async function publishNode({ store, nodeName, nodeLabels, root, version }: NodePublication, signal: AbortSignal): Promise<Stored<'RealtimeNode'>> {
  const inventory = makeInventory(readTopology(root), { name: nodeName, labels: {} });
  if (!inventory.ok) throw new Error(`this host's own CPUs contradict each other: ${inventory.problems.map(({ message }) => message).join('; ')}`);
  if ((await store.get('RealtimeNode', { name: nodeName }, signal)) === undefined) {
    try {
      await store.create({ kind: 'RealtimeNode', metadata: { name: nodeName, labels: nodeLabels }, spec: specFromInventory(inventory.value) }, signal);
    } catch (error) {
      if (!isStoreError(error, 'ALREADY_EXISTS')) throw error;
    }
  }
  const topology = topologyFromInventory(inventory.value);
  const versions = { rtvm: version, kernel: readKernelVersion(root).release };
  return changeStatus(store, nodeName, (status, spec) => ({
    ...status,
    topology: { ...topology, pciDevices: readPciDeviceNodes(root, deviceAddressesOf(spec)) },
    versions: { ...status.versions, ...versions },
  }), signal);
}

/** Changes one part of the node's status, which several parts of the agent write. */
export async function changeStatus(store: ResourceStore, name: string, change: (status: RealtimeNodeStatus, spec: RealtimeNodeSpec) => RealtimeNodeStatus, signal: AbortSignal): Promise<Stored<'RealtimeNode'>> {
  return modify(store, 'RealtimeNode', { name }, (node) => {
    const status = change(node.status ?? {}, node.spec);
    return isDeepStrictEqual(status, node.status) ? node : { ...node, status };
  }, { write: 'updateStatus', signal });
}
