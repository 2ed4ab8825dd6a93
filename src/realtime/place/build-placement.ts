/** Writes down what was found for a guest on a host as its placement. */
import { CpuSet, unionOf } from '../cpu-set.ts';
import { allVcpus, housekeepingVcpus } from '../guest.ts';
import type { Guest } from '../guest.ts';
import type { CpuId, VcpuId } from '../ids.ts';
import { pinCpus } from '../placement.ts';
import type { Placement, VcpuPin } from '../placement.ts';
import type { HostFit } from './fit-host.ts';
import type { Demand } from './demand.ts';

export function buildPlacement(fit: HostFit, { guest, extraMemoryMiB }: Demand): Placement {
  const { host, cells, devices } = fit;
  const vcpuPins = pinsOf(fit, guest);
  return {
    host: host.name,
    cells: cells.map(({ cell, node, pageSizeKiB }) => ({ cell: cell.cell, hostNode: node.id, vcpus: guest.cells[cell.cell]!.vcpus, memoryMiB: cell.memoryMiB, pageSizeKiB })),
    vcpuPins,
    realtimeVcpus: guest.cpu.realtime?.vcpus ?? CpuSet.empty<VcpuId>(),
    emulatorCpus: emulatorCpus(fit, guest, vcpuPins),
    ...(guest.cpu.realtime === undefined ? {} : { priority: guest.cpu.realtime.priority }),
    reservedCpus: CpuSet.from(cells.flatMap(({ pick }) => pick.reserved)),
    devices,
    extraMemoryMiB,
  };
}

function pinsOf({ host, cells }: HostFit, { cpu, cells: guestCells }: Guest): VcpuPin[] {
  const pins = allVcpus(cpu.vcpus).toArray().map((vcpu): VcpuPin => ({ kind: 'floating', vcpu, cpus: host.shared }));
  for (const { cell, node, pick } of cells) {
    for (const vcpu of guestCells[cell.cell]!.vcpus) {
      const pcpu = pick.cpus.get(vcpu);
      pins[vcpu] = pcpu === undefined ? { kind: 'floating', vcpu, cpus: node.shared } : { kind: 'dedicated', vcpu, cpu: pcpu };
    }
  }
  return pins;
}

/** Rules 3.1 to 3.5. */
function emulatorCpus({ host, cells }: HostFit, { cpu }: Guest, pins: readonly VcpuPin[]): CpuSet {
  switch (cpu.emulatorThreads) {
    case 'Isolate': return CpuSet.from(cells.flatMap(({ pick }): CpuId[] => (pick.emulator === undefined ? [] : [pick.emulator])));
    case 'Share': {
      const local = unionOf(cells.map(({ node }) => node.shared));
      return local.isEmpty ? host.shared : local;
    }
    case 'Housekeeping': return unionOfPins(pins, housekeepingVcpus(cpu));
    case 'Vcpus': return unionOfPins(pins, allVcpus(cpu.vcpus));
  }
}

function unionOfPins(pins: readonly VcpuPin[], vcpus: CpuSet<VcpuId>): CpuSet {
  const sets = new Set<CpuSet>();
  const cpus: CpuId[] = [];
  for (const pin of pins) {
    if (!vcpus.has(pin.vcpu)) continue;
    if (pin.kind === 'dedicated') cpus.push(pin.cpu);
    else sets.add(pinCpus(pin));
  }
  return unionOf([CpuSet.from(cpus), ...sets]);
}
