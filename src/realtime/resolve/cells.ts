/** The guest's NUMA nodes: given cell by cell, or a number of even ones. Rules 1.4 and 4.1. */
import { unless } from '../checked.ts';
import { CpuSet } from '../cpu-set.ts';
import { allVcpus } from '../guest.ts';
import type { GuestCell } from '../guest.ts';
import type { VcpuId } from '../ids.ts';
import type { Checked, FieldProblem } from '../problem.ts';
import { accepted, refused } from '../problem.ts';
import type { ShapeSpec } from '../spec.ts';
import { pageSizeOf, pageStepMiB, wholePages } from './memory.ts';

/**
 * The cells in order; none for a plain Shared guest, which floats over the host. Codes: `NUMA_NODES_OR_CELLS`,
 * `CELLS_UNEVEN_VCPUS`, `CELLS_UNEVEN_MEMORY`, `CELL_EMPTY`, `CELL_VCPUS_UNKNOWN`, `CELL_VCPUS_TWICE`, `CELLS_VCPUS_MISSING`,
 * `CELL_NOT_WHOLE_PAGES`, `CELLS_MEMORY_SUM`.
 */
export function resolveCells(shape: ShapeSpec): Checked<readonly GuestCell[]> {
  const { cpu, numa } = shape;
  if (numa === undefined) {
    const floats = (cpu.policy ?? 'Shared') === 'Shared' && pageSizeOf(shape) === 'Small';
    return accepted(floats ? [] : [{ vcpus: allVcpus(cpu.vcpus), memoryMiB: shape.memory.sizeMiB }]);
  }
  if ((numa.nodes === undefined) === (numa.cells === undefined)) {
    const found = numa.nodes === undefined ? 'neither nodes nor cells' : 'both nodes and cells';
    return refused({ code: 'NUMA_NODES_OR_CELLS', path: 'spec.numa', message: `has ${found}; accepted: nodes (a number of even cells) or cells (one by one)` });
  }
  return numa.cells === undefined ? evenCells(shape, numa.nodes ?? 1) : givenCells(shape, numa.cells);
}

/** Contiguous cells of the same size. */
function evenCells(shape: ShapeSpec, count: number): Checked<readonly GuestCell[]> {
  const { cpu: { vcpus }, memory: { sizeMiB } } = shape;
  const path = 'spec.numa.nodes';
  const step = pageStepMiB(pageSizeOf(shape));
  const problems: FieldProblem[] = [];
  if (vcpus % count !== 0) {
    problems.push({ code: 'CELLS_UNEVEN_VCPUS', path, value: count, message: `does not divide ${vcpus} vCPUs evenly; accepted: a divisor of ${vcpus}, or numa.cells that say which vCPUs go where` });
  }
  if (sizeMiB % (count * step) !== 0) {
    problems.push({ code: 'CELLS_UNEVEN_MEMORY', path, value: count, message: `does not divide ${sizeMiB}Mi of memory into even cells of whole pages (pageSize ${pageSizeOf(shape)}); accepted: memory.size a multiple of ${count * step}Mi, or numa.cells that say how much goes where` });
  }
  const each = vcpus / count;
  return unless(problems, () => Array.from({ length: count }, (_, index) => ({ vcpus: CpuSet.range<VcpuId>(index * each, (index + 1) * each - 1), memoryMiB: sizeMiB / count })));
}

function givenCells(shape: ShapeSpec, cells: readonly GuestCell[]): Checked<readonly GuestCell[]> {
  const all = allVcpus(shape.cpu.vcpus);
  const step = pageStepMiB(pageSizeOf(shape));
  const problems: FieldProblem[] = [];
  let seen = CpuSet.empty<VcpuId>();
  let memoryMiB = 0;
  for (const [index, cell] of cells.entries()) {
    const at = { path: `spec.numa.cells[${index}].vcpus`, value: cell.vcpus.toString() };
    const strangers = cell.vcpus.minus(all);
    const twice = cell.vcpus.intersection(seen);
    if (cell.vcpus.isEmpty) problems.push({ code: 'CELL_EMPTY', ...at, message: 'names no vCPU; accepted: at least one vCPU in each cell' });
    if (!strangers.isEmpty) problems.push({ code: 'CELL_VCPUS_UNKNOWN', ...at, message: `names vCPUs ${strangers.toString()}, which the guest does not have; accepted: vCPUs ${all.toString()}` });
    if (!twice.isEmpty) problems.push({ code: 'CELL_VCPUS_TWICE', ...at, message: `names vCPUs ${twice.toString()}, which an earlier cell has; accepted: each vCPU in one cell` });
    if (cell.memoryMiB % step !== 0 || cell.memoryMiB < 1) {
      problems.push({ code: 'CELL_NOT_WHOLE_PAGES', path: `spec.numa.cells[${index}].memory`, value: `${cell.memoryMiB}Mi`, message: wholePages(pageSizeOf(shape), step) });
    }
    seen = seen.union(cell.vcpus);
    memoryMiB += cell.memoryMiB;
  }
  const missing = all.minus(seen);
  if (!missing.isEmpty) problems.push({ code: 'CELLS_VCPUS_MISSING', path: 'spec.numa.cells', message: `leave out vCPUs ${missing.toString()}; accepted: each of vCPUs ${all.toString()} in one cell` });
  if (memoryMiB !== shape.memory.sizeMiB) problems.push({ code: 'CELLS_MEMORY_SUM', path: 'spec.numa.cells', message: `hold ${memoryMiB}Mi together, not the ${shape.memory.sizeMiB}Mi of memory.size; accepted: cells whose memory adds up to it` });
  return unless(problems, () => cells);
}
