/** The pCPUs that a guest uses without having them to itself. */
import { unionOf } from '../cpu-set.ts';
import type { CpuSet } from '../cpu-set.ts';
import { exclusiveCpus } from '../placement.ts';
import type { Placement } from '../placement.ts';

/** Under its floating vCPUs and its emulator threads. */
export function floatedOver(placement: Placement): CpuSet {
  const sets = new Set([placement.emulatorCpus]);
  for (const pin of placement.vcpuPins) if (pin.kind === 'floating') sets.add(pin.cpus);
  return unionOf(sets).minus(exclusiveCpus(placement));
}
