/** Whether the agent itself keeps off the CPUs that are for guests alone. Node cannot move itself; whoever starts it can. */
import { join } from 'node:path';
import { readText } from '../../node-agent/host/host-root.ts';
import type { HostRoot } from '../../node-agent/host/host-root.ts';
import { CpuSet } from '../../realtime/cpu-set.ts';

/** @returns what is wrong and what mends it; undefined where the agent may run on shared CPUs only, or nobody can say. */
export function ownCpusWarning(root: HostRoot, dedicated: CpuSet): string | undefined {
  const allowed = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readText(join(root.proc, 'self/status')) ?? '')?.[1];
  if (allowed === undefined) return undefined;
  const own = CpuSet.parse(allowed);
  const both = own.intersection(dedicated);
  if (both.isEmpty) return undefined;
  const remedy = own.minus(dedicated).isEmpty ? 'a CPU of its own' : `CPUs ${own.minus(dedicated).toString()} only`;
  return `the agent may run on the dedicated CPUs ${both.toString()} and disturb guests there; give it ${remedy}: CPUAffinity= of its systemd unit, kubelet's reservedSystemCPUs for its pod, or "taskset --cpu-list"`;
}
