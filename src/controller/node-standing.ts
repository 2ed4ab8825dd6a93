/** All of a node that placement and adoption go by, so that a change of anything else of it costs nothing. */
import type { RealtimeNode } from '../crds/realtime-node.ts';
import type { ClusterNode } from '../store/foreign.ts';
import type { NodeFacts } from './node-facts.ts';
import type { Orphan } from './orphan-book.ts';

/** Plain data, to be compared by its members. */
export interface NodeStanding {
  readonly labels: RealtimeNode['metadata']['labels'];
  readonly spec: RealtimeNode['spec'];
  readonly topology: NonNullable<RealtimeNode['status']>['topology'];
  readonly latency: NonNullable<RealtimeNode['status']>['latency'];
  readonly ready: Readonly<Record<'status' | 'message', string>> | undefined;
  readonly orphans: readonly Orphan[];
  readonly unsettled: boolean;
  readonly cluster: Pick<ClusterNode, 'spec'> & { readonly labels: ClusterNode['metadata']['labels'] } | undefined;
  readonly alive: boolean | undefined;
}

export function standingOf({ metadata, spec, status }: RealtimeNode, facts: NodeFacts | undefined, unsettled: boolean): NodeStanding {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return {
    labels: metadata.labels,
    spec,
    topology: status?.topology,
    latency: status?.latency,
    ready: ready === undefined ? undefined : { status: ready.status, message: ready.message },
    orphans: status?.orphans ?? [],
    unsettled,
    cluster: facts?.node === undefined ? undefined : { spec: facts.node.spec, labels: facts.node.metadata.labels },
    alive: facts?.alive,
  };
}
