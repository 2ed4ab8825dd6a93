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
/** A person's word that the node is down for good: its guests may be placed elsewhere. */
const outOfServiceTaint = 'node.kubernetes.io/out-of-service';

/** A node of the cluster as it stands with the controller. */
export interface NodeFacts {
  /** Undefined where the cluster has no Node of this name (any more). */
  readonly node: ClusterNode | undefined;
  /** Its agent has renewed its Lease in time. */
  readonly alive: boolean;
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

/** Whether guests of the node may be given to another one: nobody but a person can say that it does not run any more. */
export function isGivenUp({ node }: NodeFacts): boolean {
  return node === undefined || node.spec.taints?.some(({ key }) => key === outOfServiceTaint) === true;
}

const effects: ReadonlySet<string> = new Set<TaintEffect>(['NoSchedule', 'PreferNoSchedule', 'NoExecute']);

function isKnown(taint: { readonly key: string; readonly value?: string | undefined; readonly effect: string }): taint is Taint {
  return effects.has(taint.effect);
}

/** @param unsettled why it is not known what runs there: then it takes no guests. */
export function offeredHost(
  node: RealtimeNode, facts: NodeFacts | undefined, unsettled: string | undefined,
): Checked<HostInventory> {
  return mapChecked(toHostInventory(node), (inventory) => {
    const host = facts === undefined ? inventory : withFacts(inventory, facts);
    return unsettled === undefined ? host : { ...host, notReady: unsettled };
  });
}
