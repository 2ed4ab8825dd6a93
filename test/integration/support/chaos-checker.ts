// Replays what a cluster has been through and says where a rule was broken. It shares no code with the product: it reads the
// tables as etcd stored them, and the hosts' own record of their domains.
import { endBreaches } from './chaos-ends.ts';
import type { ChaosEvent, HostCapacity } from './chaos-events.ts';
import { holdingBreaches } from './chaos-holdings.ts';
import { startBreaches } from './chaos-starts.ts';

/**
 * One sentence for each breach, beginning with the name of the invariant; none where all held at every moment.
 * @param capacity of every host.
 */
export function breachesIn(events: readonly ChaosEvent[], capacity: HostCapacity): readonly string[] {
  return [...holdingBreaches(events, capacity), ...startBreaches(events), ...endBreaches(events)];
}
