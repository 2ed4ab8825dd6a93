/** Hosts that refuse with the same words, said once. */
import type { RefusalGroup } from '../decision.ts';
import type { Refusal } from './explain.ts';
import { plural } from './host-checks.ts';

/** Groups in the order of a refused decision: most hosts first, ties by message. */
export function groupRefusals(refusals: Iterable<readonly [host: string, refusal: Refusal]>): RefusalGroup[] {
  const groups = Map.groupBy(refusals, ([, { reason, message }]) => `${reason} ${message}`);
  return [...groups.values()]
    .map((members) => ({ ...members[0]![1], hosts: members.map(([host]) => host).sort() }))
    .sort((one, other) => byImportance([one, one.hosts.length], [other, other.hosts.length]));
}

/** The order of groups, from their words and sizes alone. */
export function byImportance([one, oneHosts]: readonly [Refusal, number], [other, otherHosts]: readonly [Refusal, number]): number {
  return otherHosts - oneHosts || (one.message < other.message ? -1 : Number(one.message > other.message));
}

/** `3 hosts: 2 free dedicated CPUs on host NUMA node 0, 4 needed for guest cell 0; 1 host: no 1Gi pages …`. */
export function formatRefusal(groups: readonly RefusalGroup[]): string {
  if (groups.length === 0) return 'there is no host';
  return groups.map(({ hosts, message }) => `${hosts.length} ${plural(hosts.length, 'host')}: ${message}`).join('; ');
}
