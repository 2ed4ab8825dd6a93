/** Who has each CPU of a host: what the picture shows, as data. */
import type { HostInventory } from '../../realtime/host.ts';
import type { CpuId } from '../../realtime/ids.ts';
import type { Placement } from '../../realtime/placement.ts';

/** A VM on the drawn host. */
export interface DrawnVm {
  /** Its short name in the picture. */
  readonly letter: string;
  /** `namespace/name`. */
  readonly name: string;
  /** Placed by this call; false for one that was there before. */
  readonly planned: boolean;
  readonly placement: Placement;
}

export type CpuUse =
  | { readonly kind: 'vcpu'; readonly vm: DrawnVm; readonly vcpu: number; readonly realtime: boolean; readonly emulator: boolean }
  | { readonly kind: 'emulator'; readonly vm: DrawnVm }
  /** An SMT sibling that is given to nobody, so that nothing disturbs the VM beside it. */
  | { readonly kind: 'idle'; readonly vm: DrawnVm }
  /** A shared CPU, with the VMs whose floating vCPUs or emulator threads run there. */
  | { readonly kind: 'shared'; readonly vms: readonly { readonly vm: DrawnVm; readonly emulator: boolean }[] }
  | { readonly kind: 'free' }
  /** Neither dedicated nor shared: the host keeps it for itself. */
  | { readonly kind: 'host' };

/** The use of every CPU of the host. Where the books give a CPU twice, the VM named first is shown. */
export function cpuUses(host: HostInventory, vms: readonly DrawnVm[]): ReadonlyMap<CpuId, CpuUse> {
  const uses = new Map<CpuId, CpuUse>();
  for (const cpu of host.cores.flatMap((core) => core.toArray())) uses.set(cpu, exclusiveUse(cpu, vms) ?? openUse(cpu, host, vms));
  return uses;
}

function exclusiveUse(cpu: CpuId, vms: readonly DrawnVm[]): CpuUse | undefined {
  for (const vm of vms) {
    const { vcpuPins, realtimeVcpus, emulatorCpus, reservedCpus } = vm.placement;
    const pin = vcpuPins.find((each) => each.kind === 'dedicated' && each.cpu === cpu);
    const emulator = emulatorCpus.has(cpu);
    if (pin !== undefined) return { kind: 'vcpu', vm, vcpu: pin.vcpu, realtime: realtimeVcpus.has(pin.vcpu), emulator };
    if (reservedCpus.has(cpu)) return emulator ? { kind: 'emulator', vm } : { kind: 'idle', vm };
  }
  return undefined;
}

function openUse(cpu: CpuId, host: HostInventory, all: readonly DrawnVm[]): CpuUse {
  const vms = all.flatMap((vm) => {
    const emulator = vm.placement.emulatorCpus.has(cpu);
    const floats = vm.placement.vcpuPins.some((pin) => pin.kind === 'floating' && pin.cpus.has(cpu));
    return emulator || floats ? [{ vm, emulator }] : [];
  });
  if (vms.length > 0 || host.sharedCpus.has(cpu)) return { kind: 'shared', vms };
  return host.dedicatedCpus.has(cpu) ? { kind: 'free' } : { kind: 'host' };
}
