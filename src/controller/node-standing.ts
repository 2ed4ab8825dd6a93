/** All of a node that placement and adoption go by, so that a change of anything else of it costs nothing. */
import type { RealtimeNode } from '../crds/realtime-node.ts';
import type { ClusterNode } from '../store/foreign.ts';
import type { NodeFacts } from './node-facts.ts';
import type { Stored } from '../store/resource.ts';
import type { Orphan } from './orphan-book.ts';
import { readPlacement } from './table-claims.ts';

/** Plain data, to be compared by its members. */
export interface NodeStanding {
  readonly labels: RealtimeNode['metadata']['labels'];
  readonly spec: RealtimeNode['spec'];
  readonly topology: NonNullable<RealtimeNode['status']>['topology'];
  readonly latency: NonNullable<RealtimeNode['status']>['latency'];
  readonly ready: Readonly<Record<'status' | 'message', string>> | undefined;
  readonly orphans: readonly Orphan[];
  /** Why it is not known what runs there. */
  readonly unsettled: string | undefined;
  readonly cluster: Pick<ClusterNode, 'spec'> & { readonly labels: ClusterNode['metadata']['labels'] } | undefined;
  readonly alive: boolean | undefined;
}

/** What placement was told of a node from, and what is wrong with it. */
export interface KnownNode {
  readonly standing: NodeStanding;
  readonly facts: NodeFacts | undefined;
  readonly problem: string | undefined;
}

export function standingOf(
  node: RealtimeNode, facts: NodeFacts | undefined, unsettled: string | undefined,
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
    unsettled,
    cluster: facts?.node === undefined ? undefined : { spec: facts.node.spec, labels: facts.node.metadata.labels },
    alive: facts?.alive,
  };
}

/**
 * Why it is not known what runs on a node: its agent has not reported (since its table was lost) which domains run
 * that no table names, or what it or somebody else has written cannot be read. Undefined where it is known.
 * @param unreadable why not all of the table can be read.
 */
export function unsettledBecause(
  node: RealtimeNode | undefined,
  table: Stored<'RealtimeAllocation'> | undefined,
  unreadable: string | undefined,
): string | undefined {
  const { allocationUid, orphans } = node?.status ?? {};
  if (orphans === undefined || (allocationUid !== undefined && allocationUid !== table?.metadata.uid)) {
    return 'its agent has not reported yet what runs there beside its RealtimeAllocation';
  }
  if (unreadable !== undefined) return `its RealtimeAllocation cannot be read: ${unreadable}`;
  const orphan = orphans.find(({ placement }) => placement !== undefined && !readPlacement(placement).ok);
  if (orphan === undefined) return undefined;
  return `it cannot be read what domain ${orphan.domain} holds there, which no RealtimeAllocation names`;
}
