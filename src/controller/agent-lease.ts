/** What a node's agent has said of its last statement elsewhere than in the table: in its Lease, or in this process. */
import type { VerifiedSituation } from '../protocol/verified.ts';
import type { NodeFacts } from './node-facts.ts';
import type { NodeStatement } from './statement.ts';

export interface AgentLeaseOptions {
  /** What the cluster says of a node; undefined without a cluster. */
  readonly factsOf: (nodeName: string) => NodeFacts | undefined;
  /**
   * Without a cluster: the last statement of the agent that runs beside this controller; absent: whatever is stated is
   * its.
   */
  readonly agentOf?: ((nodeName: string) => NodeFacts['statement']) | undefined;
}

/** @param statement in the node's table. */
export function agentLease(
  nodeName: string, statement: NodeStatement | undefined, { factsOf, agentOf }: AgentLeaseOptions,
): VerifiedSituation['lease'] {
  const facts = factsOf(nodeName);
  const beside = agentOf === undefined ? statement : agentOf(nodeName);
  // An agent of an earlier version has no sessions, and its Lease names none.
  const isOld = statement !== undefined && statement.session === '';
  const named = isOld ? { session: '', number: 0 } : facts === undefined ? beside : facts.statement;
  return named === undefined
    ? undefined : { session: named.session, statement: named.number, alive: facts?.alive ?? true };
}
