/** Where a measurement may take place on a host on which others have CPUs already. */
import { CpuSet, unionOf } from '../cpu-set.ts';
import type { VcpuId } from '../ids.ts';
import type { Decision } from '../decision.ts';
import type { Guest } from '../guest.ts';
import type { HostInventory } from '../host.ts';
import { Cluster } from '../place/cluster.ts';
import type { Placement } from '../placement.ts';

/** Somebody who has CPUs to itself. */
export interface CpuHolder {
  readonly uuid: string;
  readonly cpus: CpuSet;
  /** Of a VM of rtvm: with the memory that it has. */
  readonly placement?: Placement | undefined;
}

/**
 * Places the guest as a VM is placed, on what nobody has. The siblings of a held CPU count as held too: what runs
 * there slows its holder.
 * @param disturb a person has said that they may be used.
 */
export function placeBeside(
  inventory: HostInventory,
  guest: Guest,
  holders: readonly CpuHolder[],
  { disturb }: { readonly disturb: boolean },
): Decision {
  const held = holders.map(({ uuid, cpus, placement }) => ({
    uid: uuid,
    placement: { ...(placement ?? reserving(cpus)), host: inventory.name },
  }));
  const siblings = disturb ? CpuSet.empty() : siblingsOf(unionOf(holders.map(({ cpus }) => cpus)), inventory);
  return new Cluster(
    [inventory],
    [...held, { uid: 'siblings', placement: { ...reserving(siblings), host: inventory.name } }],
  ).decide(guest);
}

/** The CPUs that share a core with these, without them. */
export function siblingsOf(cpus: CpuSet, { cores }: Pick<HostInventory, 'cores'>): CpuSet {
  return unionOf(cores.filter((core) => core.overlaps(cpus))).minus(cpus);
}

function reserving(reservedCpus: CpuSet): Omit<Placement, 'host'> {
  return {
    cells: [],
    vcpuPins: [],
    realtimeVcpus: CpuSet.empty<VcpuId>(),
    emulatorCpus: CpuSet.empty(),
    reservedCpus,
    devices: [],
    extraMemoryMiB: 0,
  };
}
