/** The words for hosts that refuse for the same reason. */
import type { RefusalGroup } from '../decision.ts';
import { plural } from './host-checks.ts';

/** The order of groups: most hosts first, ties by message. */
export function byImportance(one: RefusalGroup, other: RefusalGroup): number {
  return other.hosts.length - one.hosts.length || (one.message < other.message ? -1 : 1);
}

/** `3 hosts: 2 free dedicated CPUs on host NUMA node 0, 4 needed for guest cell 0; 1 host: no 1Gi pages …`. */
export function formatRefusal(groups: readonly RefusalGroup[]): string {
  if (groups.length === 0) return 'there is no host';
  return groups.map(({ hosts, message }) => `${hosts.length} ${plural(hosts.length, 'host')}: ${message}`).join('; ');
}
