/** What a cluster says of a node, put into the inventory that placement sees: pure. */
import type { RealtimeNode } from '../crds/realtime-node.ts';
import { toHostInventory } from '../crds/to-host-inventory.ts';
import { mapChecked } from '../realtime/checked.ts';
import type { HostInventory } from '../realtime/host.ts';
import type { Checked } from '../realtime/problem.ts';
import type { Taint, TaintEffect } from '../realtime/spec.ts';
import type { ClusterNode } from '../store/foreign.ts';

/** The label by which an administrator makes a node one for realtime VMs. */
export const realtimeLabel = 'rtvm.dev/realtime';
/** A person's word that the machine is off. */
export const outOfServiceTaint = 'node.kubernetes.io/out-of-service';
/** The same on a RealtimeNode whose Node is gone; its value says who gave it, and when. */
export const outOfServiceWord = 'rtvm.dev/out-of-service';

/** A node of the cluster as it stands with the controller. */
export interface NodeFacts {
  /** Undefined where the cluster has no Node of this name (any more). */
  readonly node: ClusterNode | undefined;
  /** Its agent's Lease has not lapsed since it was first seen. */
  readonly alive: boolean;
  /** Whether the agent was seen to renew its Lease; undefined while it is too early to say. */
  readonly agent?: 'Renews' | 'Silent' | 'NoLease' | undefined;
  /** What its Lease says of the last statement: session and number. */
  readonly statement?: { readonly session: string; readonly number: number } | undefined;
}

/** Labels, cordon and taints are the Node's; without a Node, or with an agent that is away or says that the host is not ready, nothing new goes there. */
export function withFacts(inventory: HostInventory, { node, alive }: NodeFacts): HostInventory {
  if (node === undefined) return { ...inventory, notReady: 'the cluster has no Node of this name' };
  const { labels = {} } = node.metadata;
  return {
    ...inventory,
    labels,
    unschedulable: inventory.unschedulable || node.spec.unschedulable === true,
    taints: node.spec.taints?.filter(isKnown) ?? [],
    notReady: labels[realtimeLabel] !== 'true' ? `its Node is not labelled ${realtimeLabel}=true` : alive ? inventory.notReady : 'its agent has not renewed its Lease',
  };
}

/** A person has said that the machine is off: on its Node, or where there is none (any more), on its RealtimeNode. */
export function isSaidToBeOff(node: RealtimeNode | undefined, facts: NodeFacts): boolean {
  if (facts.node !== undefined) return facts.node.spec.taints?.some(({ key }) => key === outOfServiceTaint) === true;
  return node?.metadata.annotations?.[outOfServiceWord] !== undefined;
}

/** The cluster has the Node, and its kubelet says that it is well. */
export function isNodeReady({ node }: NodeFacts): boolean {
  return node?.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
}

const effects: ReadonlySet<string> = new Set<TaintEffect>(['NoSchedule', 'PreferNoSchedule', 'NoExecute']);

function isKnown(taint: { readonly key: string; readonly value?: string | undefined; readonly effect: string }): taint is Taint {
  return effects.has(taint.effect);
}

/** @param closed why nothing new may be started there: then it takes no guests. */
export function offeredHost(
  node: RealtimeNode, facts: NodeFacts | undefined, closed: string | undefined,
): Checked<HostInventory> {
  return mapChecked(toHostInventory(node), (inventory) => {
    const host = facts === undefined ? inventory : withFacts(inventory, facts);
    return closed === undefined ? host : { ...host, notReady: closed };
  });
}
