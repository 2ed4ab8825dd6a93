/** Checks of what surrounds guests that run: whether audits see all of it, and who else may run where they do. */
import { describeForeign } from '../verify/foreign-threads.ts';
import { hostCheck } from './host-check.ts';
import type { HostCheck } from './host-check.ts';
import type { HostReadings } from './host-readings.ts';

export function guestChecks({ seesControlGroups, foreignThreads }: HostReadings): readonly HostCheck[] {
  return [
    hostCheck({
      name: 'control-groups',
      wanted: "audits see guests' control groups: cpuset, CPU quota, freezer, memory by NUMA node",
      remedy: 'agent.readControlGroups: true in the values of the chart, which mounts /sys/fs/cgroup of the host, to read; until then audits do not know of them',
    }, seesControlGroups ? 'Pass' : 'Unknown', seesControlGroups ? 'they can be seen' : 'the control groups of the host cannot be seen from here'),
    ...(foreignThreads === undefined ? [] : [hostCheck({
      name: 'foreign-threads',
      wanted: 'no thread of others is pinned to the pCPUs that guests have to themselves, nor realtime there',
      remedy: 'pin it elsewhere (taskset --cpu-list --pid CPUS TID, CPUAffinity= of its systemd unit, /proc/irq/N/smp_affinity_list for an interrupt\'s), or take the pCPUs out of spec.dedicatedCpus',
    }, foreignThreads.length === 0 ? 'Pass' : 'Warn', foreignThreads.length === 0 ? 'none' : shortened(foreignThreads.map(describeForeign)))]),
  ];
}

const namedThreads = 16;

function shortened(threads: readonly string[]): string {
  const named = threads.slice(0, namedThreads).join('; ');
  return threads.length <= namedThreads ? named : `${named}; and ${threads.length - namedThreads} more`;
}
