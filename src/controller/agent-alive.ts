/**
 * Says on each RealtimeNode whether its agent renews its Lease. All else of its status is what that agent last said:
 * of a host without power it would read Ready for ever. It is the only thing that a controller writes there.
 */
import type { RealtimeNodeStatus } from '../crds/realtime-node-status.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { isStoreError } from '../store/errors.ts';
import type { ResourceStore } from '../store/resource-store.ts';
import type { Stored } from '../store/resource.ts';
import type { Mirror } from './mirror.ts';
import type { NodeFacts } from './node-facts.ts';

export interface AgentAliveOptions {
  readonly store: Pick<ResourceStore, 'updateStatus'>;
  readonly clock: Pick<Clock, 'date'>;
  readonly log: Log;
  readonly nodes: Pick<Mirror<'RealtimeNode'>, 'get'>;
  /** What the cluster says of a node; undefined without a cluster, where the agent is in this process. */
  readonly factsOf: (nodeName: string) => NodeFacts | undefined;
}

type Condition = NonNullable<RealtimeNodeStatus['conditions']>[number];

export class AgentAlive {
  readonly #options: AgentAliveOptions;
  /** One of its failures is logged, until it succeeds again. */
  #isFailing = false;

  constructor(options: AgentAliveOptions) {
    this.#options = options;
  }

  /**
   * Writes only what is otherwise now. Nothing is decided by it, and it holds nothing up.
   * @returns when to try again; undefined where it is said, or a watch will tell of the node once more.
   */
  async tell(nodeName: string, signal: AbortSignal): Promise<number | undefined> {
    const { store, clock, log, nodes, factsOf } = this.#options;
    const node = nodes.get({ name: nodeName });
    const agent = factsOf(nodeName)?.agent;
    if (node === undefined || agent === undefined) return undefined;
    const told = withAgentAlive(node, agent, clock.date());
    if (told === node) return undefined;
    try {
      await store.updateStatus(told, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (isStoreError(error, 'CONFLICT') || isStoreError(error, 'NOT_FOUND')) return undefined;
      // A role or a policy of the version before may refuse it for as long as an upgrade takes.
      if (!this.#isFailing) log.warn('AgentAlive not written on a RealtimeNode; retrying', { node: nodeName, error });
      this.#isFailing = true;
      return againMs;
    }
    this.#isFailing = false;
    return undefined;
  }
}

const againMs = 30_000;

/** @returns the very node where it says so already. */
export function withAgentAlive(
  node: Stored<'RealtimeNode'>, agent: NonNullable<NodeFacts['agent']>, now: Date,
): Stored<'RealtimeNode'> {
  const before = node.status?.conditions ?? [];
  const status = agent === 'Renews' ? 'True' : 'False';
  const said = before.find(({ type }) => type === 'AgentAlive');
  if (said?.status === status) return node;
  // An agent makes its RealtimeNode first, and its Lease once it has looked.
  if (said === undefined && agent === 'NoLease') return node;
  const others = before.filter(({ type }) => type !== 'AgentAlive');
  const alive: Condition = { type: 'AgentAlive', status, lastTransitionTime: now.toISOString(), ...because[status] };
  return { ...node, status: { ...node.status, conditions: [...others, alive] } };
}

const because = {
  True: { reason: 'LeaseRenewed', message: 'its agent renews its Lease' },
  False: {
    reason: 'LeaseLapsed',
    message: 'its agent does not renew its Lease: all else here is what it last said, and nothing new is placed here',
  },
} as const;
