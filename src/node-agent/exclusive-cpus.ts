/** The pCPUs that a placement takes from everybody else on the host. */
import type { PlacementWire } from '../crds/placement-schema.ts';
import { CpuSet } from '../realtime/cpu-set.ts';

/** Those of dedicated vCPUs, and what is reserved beside them. */
export function exclusiveCpus({ vcpuPins, reservedCpus }: PlacementWire): CpuSet {
  return CpuSet.of(...vcpuPins.flatMap(({ cpu }) => cpu ?? []), ...CpuSet.parse(reservedCpus));
}
