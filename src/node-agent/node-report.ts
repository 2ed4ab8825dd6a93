/** Keeps this host's RealtimeNode: makes it where there is none, and tells what the host is and which domains nobody answers for. */
import { hostname } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import { specFromInventory, topologyFromInventory } from '../crds/from-inventory.ts';
import type { PlacementWire } from '../crds/placement-schema.ts';
import type { RealtimeNodeStatus } from '../crds/realtime-node-status.ts';
import type { DomainMetadata } from '../realtime/domain/parse-metadata.ts';
import { isStoreError } from '../store/errors.ts';
import { modify } from '../store/modify.ts';
import type { ResourceStore } from '../store/resource-store.ts';
import type { Stored } from '../store/resource.ts';
import { parsePayload, restartedAtOf } from './domain-payload.ts';
import type { HostRoot } from './host/host-root.ts';
import { makeInventory } from './host/inventory.ts';
import { readTopology } from './host/topology.ts';
import { readKernelVersion } from './host/versions.ts';
import type { HostDomain } from './hypervisor.ts';

export type Orphan = NonNullable<RealtimeNodeStatus['orphans']>[number];

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
}

/**
 * The RealtimeNode of this host, with its topology as it is now. Made where there is none: the CPUs that the kernel
 * isolates are dedicated, the others shared, until an administrator says otherwise.
 */
export async function publishNode({ store, nodeName, nodeLabels, root }: NodePublication, signal: AbortSignal): Promise<Stored<'RealtimeNode'>> {
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
  const kernel = readKernelVersion(root).release;
  return changeStatus(store, nodeName, (status) => ({ ...status, topology: { ...topology, pciDevices: status.topology?.pciDevices ?? [] }, versions: { ...status.versions, kernel } }), signal);
}

/**
 * Domains of ours that the allocation does not name: told, and never touched. Rules §6.6.
 * @param found in which allocation they were looked for; empty where there is none.
 */
export async function publishOrphans(store: ResourceStore, nodeName: string, orphans: readonly Orphan[], found: Pick<RealtimeNodeStatus, 'allocationUid' | 'term'>, signal: AbortSignal): Promise<void> {
  try {
    await changeStatus(store, nodeName, (status) => ({ ...status, orphans, ...found }), signal);
  } catch (error) {
    // On a node that is gone nothing is placed, so nothing is lost by not telling.
    if (!isStoreError(error, 'NOT_FOUND')) throw error;
  }
}

/** @param allocated what the allocation gives each VM, by UID. */
export function orphansAmong(domains: readonly HostDomain[], allocated: ReadonlyMap<string, PlacementWire>): readonly Orphan[] {
  return domains.flatMap(({ name, uuid, metadata }): Orphan[] => {
    if (metadata === undefined) return [];
    const given = allocated.get(metadata.uid);
    if (given !== undefined && holds(metadata, given)) return [];
    const placement = parsePayload(metadata.payload);
    const restartedAt = restartedAtOf(metadata.payload);
    return [{
      domain: name,
      uuid,
      vm: { namespace: metadata.namespace, name: metadata.name, uid: metadata.uid },
      generation: metadata.generation,
      ...(restartedAt === undefined ? {} : { restartedAt }),
      ...(placement === undefined ? {} : { placement }),
    }];
  });
}

/** Whether a domain was made with this placement. One that does not say is taken at the allocation's word. */
export function holds({ payload }: DomainMetadata, placement: PlacementWire): boolean {
  const made = parsePayload(payload);
  return made === undefined || isDeepStrictEqual(made, placement);
}

async function changeStatus(store: ResourceStore, name: string, change: (status: RealtimeNodeStatus) => RealtimeNodeStatus, signal: AbortSignal): Promise<Stored<'RealtimeNode'>> {
  return modify(store, 'RealtimeNode', { name }, (node) => {
    const status = change(node.status ?? {});
    return isDeepStrictEqual(status, node.status) ? node : { ...node, status };
  }, { write: 'updateStatus', signal });
}
