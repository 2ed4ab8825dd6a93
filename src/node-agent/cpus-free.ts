import { placementToWire } from '../crds/placement-wire.ts';
import { CpuSet } from '../realtime/cpu-set.ts';
import type { Placement } from '../realtime/placement.ts';
import { parsePayload } from './domain-payload.ts';
import { exclusiveCpus } from './exclusive-cpus.ts';
import type { HostDomain } from './hypervisor.ts';
import { StartError } from './start-failure.ts';

/**
 * Whatever the table says, it may have been put back from a backup, and others may run domains here: a CPU that one of ours
 * has to itself, or that one of theirs is pinned to, is not given to a second one. I1.
 * @throws StartError
 */
export function requireCpusFree(uid: string, placement: Placement, domains: readonly HostDomain[]): void {
  const wanted = exclusiveCpus(placementToWire(placement));
  for (const { name, run, metadata, pinnedCpus } of domains) {
    if (metadata?.uid === uid || run === 'off') continue;
    const made = metadata === undefined ? undefined : parsePayload(metadata.payload);
    const taken = (made === undefined ? pinnedCpus ?? CpuSet.empty() : exclusiveCpus(made)).intersection(wanted);
    if (taken.size > 0) throw new StartError('CpusTaken', `pCPUs ${taken.toString()} are those of domain ${name}, which runs on this host and ${made === undefined ? 'is pinned to them, though it is not of rtvm' : 'has them to itself'}; it is started when that domain has ended, or halt it and let it be placed anew`);
  }
}
