/** All of a node that placement and adoption go by, so that a change of anything else of it costs nothing. */
import type { RealtimeNodeStatus } from '../crds/realtime-node-status.ts';
import type { RealtimeNode } from '../crds/realtime-node.ts';
import type { ClusterNode } from '../store/foreign.ts';
import type { NodeFacts } from './node-facts.ts';
import type { Stored } from '../store/resource.ts';
import { readPlacement } from './table-claims.ts';

export type Orphan = NonNullable<RealtimeNodeStatus['orphans']>[number];

/** Plain data, to be compared by its members. */
export interface NodeStanding {
  readonly labels: RealtimeNode['metadata']['labels'];
  readonly spec: RealtimeNode['spec'];
  readonly topology: NonNullable<RealtimeNode['status']>['topology'];
  readonly latency: NonNullable<RealtimeNode['status']>['latency'];
  readonly ready: Readonly<Record<'status' | 'message', string>> | undefined;
  readonly orphans: readonly Orphan[];
  /** Why nothing new may be started there. */
  readonly closed: string | undefined;
  readonly cluster: Pick<ClusterNode, 'spec'> & { readonly labels: ClusterNode['metadata']['labels'] } | undefined;
  readonly alive: boolean | undefined;
}

/** What placement was told of a node from, and what is wrong with it. */
export interface KnownNode {
  readonly standing: NodeStanding;
  readonly facts: NodeFacts | undefined;
  readonly closed: string | undefined;
  readonly problem: string | undefined;
}

export function standingOf(
  node: RealtimeNode, facts: NodeFacts | undefined, closed: string | undefined,
): NodeStanding {
  const { metadata, spec, status } = node;
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return {
    labels: metadata.labels,
    spec,
    topology: status?.topology,
    latency: status?.latency,
    ready: ready === undefined ? undefined : { status: ready.status, message: ready.message },
    orphans: status?.orphans ?? [],
    closed,
    cluster: facts?.node === undefined ? undefined : { spec: facts.node.spec, labels: facts.node.metadata.labels },
    alive: facts?.alive,
  };
}

/**
 * Why it is not known what is held on a node: what its agent, or somebody else, has written cannot be read. Undefined
 * where it is known.
 * @param unreadable why not all of the table can be read.
 */
export function unknownBecause(
  node: RealtimeNode | undefined,
  table: Stored<'RealtimeAllocation'> | undefined,
  unreadable: string | undefined,
): string | undefined {
  if (unreadable !== undefined) return `its RealtimeAllocation cannot be read: ${unreadable}`;
  const found = [...node?.status?.orphans ?? [], ...table?.status?.unlisted ?? []];
  const domain = found.find(({ placement }) => placement !== undefined && !readPlacement(placement).ok);
  if (domain === undefined) return undefined;
  return `it cannot be read what domain ${domain.domain} holds there, which no RealtimeAllocation names`;
}
