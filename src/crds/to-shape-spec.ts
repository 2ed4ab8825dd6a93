/** cpu, memory and numa of the wire form to those of the core. Codes: `SIZE`, `CPU_LIST`; what contradicts what, resolving says. */
import { combine, combineAll, mapChecked } from '../realtime/checked.ts';
import type { VcpuId } from '../realtime/ids.ts';
import type { Checked } from '../realtime/problem.ts';
import { accepted } from '../realtime/problem.ts';
import type { CpuSpec, MemorySpec, NumaSpec, ShapeSpec } from '../realtime/spec.ts';
import { parseCpuList } from './cpu-list.ts';
import { parseMiB } from './quantities.ts';
import type { RealtimeVmClass } from './realtime-vm-class.ts';

type ShapeWire = Pick<RealtimeVmClass['spec'], 'cpu' | 'memory' | 'numa'>;

/** The shape that a class fixes. */
export function toShapeSpec({ cpu, memory, numa }: ShapeWire): Checked<ShapeSpec> {
  return combine<{ cpu: CpuSpec; memory: MemorySpec; numa: NumaSpec | undefined }>({ cpu: accepted(cpu), memory: toMemorySpec(memory), numa: toNumaSpec(numa) });
}

/** What a VM states of its shape; nothing, where its class does. */
export function toInlineShape({ cpu, memory, numa }: Partial<ShapeWire>): Checked<Partial<ShapeSpec>> {
  return combine<{ cpu: CpuSpec | undefined; memory: MemorySpec | undefined; numa: NumaSpec | undefined }>({
    cpu: accepted(cpu),
    memory: memory === undefined ? accepted(undefined) : toMemorySpec(memory),
    numa: toNumaSpec(numa),
  });
}

function toMemorySpec({ size, pageSize, locked }: ShapeWire['memory']): Checked<MemorySpec> {
  return mapChecked(parseMiB(size, 'spec.memory.size'), (sizeMiB) => ({ sizeMiB, pageSize, locked }));
}

function toNumaSpec(numa: ShapeWire['numa']): Checked<NumaSpec | undefined> {
  if (numa?.cells === undefined) return accepted(numa === undefined ? undefined : { nodes: numa.nodes });
  const { nodes, cells } = numa;
  const read = cells.map((cell, index) => combine({
    vcpus: parseCpuList<VcpuId>(cell.vcpus, `spec.numa.cells[${index}].vcpus`),
    memoryMiB: parseMiB(cell.memory, `spec.numa.cells[${index}].memory`),
  }));
  return mapChecked(combineAll(read), (all) => ({ nodes, cells: all }));
}
