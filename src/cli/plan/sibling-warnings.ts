/** Warns of housekeeping beside realtime on one core, where the one slows the other. Rule 4.13. */
import { CpuSet, unionOf } from '../../realtime/cpu-set.ts';
import type { HostInventory } from '../../realtime/host.ts';
import type { Placement } from '../../realtime/placement.ts';
import { pinCpus } from '../../realtime/placement.ts';

/**
 * One sentence where SMT siblings of the VM's realtime vCPUs run its other vCPUs or emulator threads; else undefined.
 */
export function siblingWarning(name: string, placement: Placement, host: HostInventory): string | undefined {
  const realtime = pinsOf(placement, (vcpu) => placement.realtimeVcpus.has(vcpu));
  const housekeeping = pinsOf(placement, (vcpu) => !placement.realtimeVcpus.has(vcpu))
    .union(placement.emulatorCpus)
    .minus(realtime);
  const mixed = host.cores.filter((core) => core.overlaps(realtime) && core.overlaps(housekeeping));
  if (mixed.length === 0) return undefined;
  const cpus = unionOf(mixed);
  const own = mixed.some((core) => core.overlaps(pinsOf(placement, (vcpu) => !placement.realtimeVcpus.has(vcpu))));
  const mask = own
    ? ', and a realtime mask that leaves whole cores to housekeeping (such as "^0-1" with two threads a core) keeps them apart too'
    : '';
  return (
    `${name}: housekeeping on CPU ${cpus.intersection(housekeeping).toString()} of ${placement.host} shares a core with realtime vCPUs on CPU ${cpus.intersection(realtime).toString()} and slows them; ` +
    `threadPolicy Isolate gives each vCPU a core of its own${mask}`
  );
}

function pinsOf({ vcpuPins }: Placement, belongs: (vcpu: number) => boolean): CpuSet {
  return vcpuPins.filter(({ vcpu }) => belongs(vcpu)).reduce((cpus, pin) => cpus.union(pinCpus(pin)), CpuSet.empty());
}
