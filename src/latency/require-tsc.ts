/** Whether this host's TSC can be measured by. */
import { join } from 'node:path';
import { readCpuFlags } from '../node-agent/host/cpu-flags.ts';
import { readText } from '../node-agent/host/host-root.ts';
import type { HostRoot } from '../node-agent/host/host-root.ts';
import { LatencyError } from './latency-error.ts';

/**
 * The kernel takes the TSC off its clock sources once it has seen it go wrong; before that, the CPU says whether it
 * counts at one rate.
 * @throws LatencyError `TSC_UNSTABLE`
 */
export function requireStableTsc(root: HostRoot): void {
  const flags = new Set(readCpuFlags(root));
  const missing = ['constant_tsc', 'nonstop_tsc'].filter((flag) => !flags.has(flag));
  if (missing.length > 0)
    throw new LatencyError(
      'TSC_UNSTABLE',
      `this host's TSC does not count at one rate at all times (/proc/cpuinfo lacks ${missing.join(' and ')}), so `
        + `nothing can be measured by it; it takes a CPU with an invariant TSC, which a virtual machine has to be `
        + `given (invtsc)`,
    );
  const sources = readText(join(root.sys, 'devices/system/clocksource/clocksource0/available_clocksource'));
  if (sources !== undefined && !sources.split(' ').includes('tsc'))
    throw new LatencyError(
      'TSC_UNSTABLE',
      `the kernel has marked this host's TSC as unstable (available clock sources: ${sources}; dmesg says why), `
        + `so nothing can be measured by it; see the host check clock-source`,
    );
}
