/** What a person's word about a machine changes, and when it is not taken: pure. */
import { outOfServiceTaint, outOfServiceWord } from '../../../controller/node-facts.ts';
import type { Stored } from '../../../store/resource.ts';
import { ageOf } from '../age.ts';
import { leaseState } from '../node-state.ts';
import type { NodeStates } from '../node-state.ts';

export type FenceChange =
  /** @property value of the annotation; null takes it away. */
  | { readonly kind: 'patch'; readonly value: string | null; readonly message: string }
  | { readonly kind: 'nothing'; readonly message: string }
  | { readonly kind: 'refused'; readonly message: string };

/** @param who gives the word. */
export function fenceChange({ metadata: { name, annotations } }: Stored<'RealtimeNode'>, states: NodeStates, who: string): FenceChange {
  const said = annotations?.[outOfServiceWord];
  const taint = `kubectl taint node ${name} ${outOfServiceTaint}=nodeshutdown:NoExecute`;
  if (states.nodes === undefined) return refused(`whether the cluster has a Node ${name} may not be read by you: it takes list of nodes`);
  const node = states.nodes.get(name);
  if (node !== undefined) {
    const isTainted = node.spec.taints?.some(({ key }) => key === outOfServiceTaint) === true;
    return isTainted
      ? { kind: 'nothing', message: `its Node has the taint ${outOfServiceTaint} already, which says the same` }
      : refused(`the cluster has a Node ${name}, which is where this is said; accepted: ${taint}`);
  }
  if (said !== undefined) return { kind: 'nothing', message: `it is said to be off already, by ${said}` };
  const lease = leaseState(name, states);
  if (lease === undefined) return refused('whether its agent is at work may not be read by you: it takes list of leases in the system namespace');
  if (lease.alive) return refused(`its agent has renewed its Lease ${ageOf(lease.renewedAt ?? '', states.now)} ago, so the machine is on; accepted: once that is longer ago than the Lease holds`);
  return { kind: 'patch', value: `${who} ${states.now.toISOString()}`, message: 'said to be off: what it held may be given to others from now on' };
}

export function unfenceChange({ metadata: { annotations } }: Stored<'RealtimeNode'>): FenceChange {
  const said = annotations?.[outOfServiceWord];
  return said === undefined
    ? { kind: 'nothing', message: 'nobody has said by "kubectl rtvm fence" that it is off' }
    : { kind: 'patch', value: null, message: `not said to be off any more (it was, by ${said}); what was started elsewhere stays there, and once its agent answers it takes guests again` };
}

function refused(message: string): FenceChange {
  return { kind: 'refused', message };
}
