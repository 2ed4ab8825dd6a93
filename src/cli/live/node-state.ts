/** What the cluster says of its nodes, read once, for those who may read it. */
import type { NodeFacts } from '../../controller/node-facts.ts';
import type { ClusterNode, Lease } from '../../store/foreign.ts';
import type { Live } from './connect.ts';
import { permitted, valueOr } from './permitted.ts';

/** Of an agent's Lease that says nothing of its length; agents ask for as much. */
const defaultLeaseSeconds = 40;

export interface NodeStates {
  /** Undefined where Nodes may not be read: then labels, taints and cordons are not known. */
  readonly nodes: ReadonlyMap<string, ClusterNode> | undefined;
  /** Undefined where Leases may not be read. */
  readonly leases: ReadonlyMap<string, Lease> | undefined;
  readonly now: Date;
  /** What could not be read, and what follows from that. */
  readonly notes: readonly string[];
}

export async function readNodeStates({ store, systemNamespace, now, signal }: Live): Promise<NodeStates> {
  const notes: string[] = [];
  const [nodes, leases] = await Promise.all([
    permitted(store.listForeign('Node', {}, signal)),
    permitted(store.listForeign('Lease', { namespace: systemNamespace }, signal)),
  ]);
  return {
    nodes: byName(valueOr(nodes, undefined, (missing) => notes.push(`labels, taints and cordons of Nodes are not looked at: ${missing}`))),
    leases: byName(valueOr(leases, undefined, (missing) => notes.push(`whether agents are at work is not known: ${missing}`))),
    now: now(),
    notes,
  };
}

function byName<Item extends { readonly metadata: { readonly name: string } }>(items: readonly Item[] | undefined): ReadonlyMap<string, Item> | undefined {
  return items === undefined ? undefined : new Map(items.map((item) => [item.metadata.name, item]));
}

/** As the controller has them; undefined where Nodes may not be read. An agent of which nothing is known is taken to be at work. */
export function factsOf(name: string, states: NodeStates): NodeFacts | undefined {
  if (states.nodes === undefined) return undefined;
  const lease = leaseState(name, states);
  return { node: states.nodes.get(name), alive: lease === undefined || lease.alive };
}

export interface LeaseState {
  readonly alive: boolean;
  /** When the agent last renewed it; undefined where it never has. */
  readonly renewedAt: string | undefined;
}

/** Undefined where Leases may not be read. By the server's clock: an agent's is NTP's business, this machine's need not be. */
export function leaseState(name: string, { leases, now }: NodeStates): LeaseState | undefined {
  if (leases === undefined) return undefined;
  const spec = leases.get(name)?.spec;
  const renewedAt = spec?.renewTime;
  if (renewedAt === undefined) return { alive: false, renewedAt };
  return { alive: now.getTime() - Date.parse(renewedAt) < 1000 * (spec?.leaseDurationSeconds ?? defaultLeaseSeconds), renewedAt };
}
