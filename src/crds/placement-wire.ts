/** Placements of the core to the form in which statuses, allocations and `plan -o json` carry them, and back. */
import { combine, combineAll, mapChecked } from '../realtime/checked.ts';
import { CpuSet } from '../realtime/cpu-set.ts';
import { cpuId, numaNodeId, vcpuId } from '../realtime/ids.ts';
import type { VcpuId } from '../realtime/ids.ts';
import type { PlacedCell, Placement, VcpuPin } from '../realtime/placement.ts';
import type { Checked } from '../realtime/problem.ts';
import { accepted, refused } from '../realtime/problem.ts';
import { parseCpuList } from './cpu-list.ts';
import type { PlacementWire } from './placement-schema.ts';
import { formatKiB, parseKiB } from './quantities.ts';

export function placementToWire(placement: Placement): PlacementWire {
  const { priority, devices, extraMemoryMiB } = placement;
  return {
    nodeName: placement.host,
    cells: placement.cells.map(({ cell, hostNode, vcpus, memoryMiB, pageSizeKiB }) => ({ cell, numaNode: hostNode, vcpus: vcpus.toString(), memoryMiB, pageSize: formatKiB(pageSizeKiB) })),
    vcpuPins: placement.vcpuPins.map((pin) => (pin.kind === 'dedicated' ? { vcpu: pin.vcpu, cpu: pin.cpu } : { vcpu: pin.vcpu, cpus: pin.cpus.toString() })),
    realtimeVcpus: placement.realtimeVcpus.toString(),
    emulatorCpus: placement.emulatorCpus.toString(),
    ...(priority === undefined ? {} : { priority }),
    reservedCpus: placement.reservedCpus.toString(),
    devices: devices.map(({ name, address }) => ({ name, address })),
    extraMemoryMiB,
  };
}

/**
 * @param path of the placement in its resource, for problems.
 * Codes: `CPU_LIST`, `SIZE`, `PLACEMENT_PIN` for a pin with both or neither of cpu and cpus.
 */
export function placementFromWire(wire: PlacementWire, path: string): Checked<Placement> {
  const { nodeName: host, priority, devices, extraMemoryMiB } = wire;
  const sets = combine({
    cells: combineAll(wire.cells.map((cell, index) => cellFromWire(cell, `${path}.cells[${index}]`))),
    vcpuPins: combineAll(wire.vcpuPins.map((pin, index) => pinFromWire(pin, `${path}.vcpuPins[${index}]`))),
    realtimeVcpus: parseCpuList<VcpuId>(wire.realtimeVcpus, `${path}.realtimeVcpus`),
    emulatorCpus: parseCpuList(wire.emulatorCpus, `${path}.emulatorCpus`),
    reservedCpus: parseCpuList(wire.reservedCpus, `${path}.reservedCpus`),
  });
  return mapChecked(sets, (parts): Placement => ({ host, ...parts, ...(priority === undefined ? {} : { priority }), devices, extraMemoryMiB }));
}

function cellFromWire({ cell, numaNode, vcpus, memoryMiB, pageSize }: PlacementWire['cells'][number], path: string): Checked<PlacedCell> {
  const pageSizeKiB = parseKiB(pageSize);
  if (pageSizeKiB === undefined) return refused({ code: 'SIZE', path: `${path}.pageSize`, value: pageSize, message: 'is not a page size; accepted: 4Ki, 2Mi or 1Gi' });
  return mapChecked(parseCpuList<VcpuId>(vcpus, `${path}.vcpus`), (set) => ({ cell, hostNode: numaNodeId(numaNode), vcpus: set, memoryMiB, pageSizeKiB }));
}

function pinFromWire({ vcpu, cpu, cpus }: PlacementWire['vcpuPins'][number], path: string): Checked<VcpuPin> {
  if ((cpu === undefined) === (cpus === undefined)) {
    return refused({ code: 'PLACEMENT_PIN', path, message: `has ${cpu === undefined ? 'neither cpu nor' : 'both cpu and'} cpus; accepted: cpu for a dedicated vCPU, cpus for one that floats` });
  }
  if (cpu !== undefined) return accepted({ kind: 'dedicated', vcpu: vcpuId(vcpu), cpu: cpuId(cpu) });
  const floating = cpus === undefined ? accepted(CpuSet.empty()) : parseCpuList(cpus, `${path}.cpus`);
  return mapChecked(floating, (set) => ({ kind: 'floating', vcpu: vcpuId(vcpu), cpus: set }));
}
