/** The words for hosts that refuse for the same reason. */
import type { RefusalGroup } from '../decision.ts';
import type { Refusal } from './explain.ts';
import { plural } from './host-checks.ts';

/** `2 free dedicated CPUs …; numa.nodes: 2 would fit host-b and 3 more`. */
export function groupOf({ reason, message, helps }: Refusal, hosts: readonly string[]): RefusalGroup {
  const where = hosts.length === 1 ? hosts[0]! : `${hosts[0]!} and ${hosts.length - 1} more`;
  return { reason, message: [message, ...helps.map((remedy) => `${remedy} would fit ${where}`)].join('; '), hosts };
}

/** The order of groups: most hosts first, ties by message. */
export function byImportance(one: RefusalGroup, other: RefusalGroup): number {
  return other.hosts.length - one.hosts.length || (one.message < other.message ? -1 : 1);
}

/** Reasons told in one message: it ends up in a condition, and in somebody's terminal. */
const toldGroups = 5;

/**
 * `3 hosts: 2 free dedicated CPUs on host NUMA node 0, 4 needed for guest cell 0; 1 host: no 1Gi pages …`, the most
 * frequent reasons first, and how many more there are.
 */
export function formatRefusal(groups: readonly RefusalGroup[]): string {
  if (groups.length === 0) return 'there is no host';
  const told = groups.slice(0, toldGroups).map(({ hosts, message }) => `${hosts.length} ${plural(hosts.length, 'host')}: ${message}`);
  const rest = groups.slice(toldGroups);
  const others = rest.reduce((sum, { hosts }) => sum + hosts.length, 0);
  return [...told, ...(rest.length === 0 ? [] : [`${others} more ${plural(others, 'host')} for ${rest.length} other ${plural(rest.length, 'reason')}`])].join('; ');
}
