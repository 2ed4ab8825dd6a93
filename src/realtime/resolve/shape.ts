/** The shape of a guest: CPUs, memory and cells, whether a class or the VM states them. */
import { combine } from '../checked.ts';
import type { GuestCell, GuestCpu, GuestMemory } from '../guest.ts';
import type { Checked, FieldProblem } from '../problem.ts';
import { resolveCells } from './cells.ts';
import { resolveCpu } from './cpu.ts';
import type { BootImage } from './images.ts';
import { resolveMemory } from './memory.ts';
import type { ShapeSource } from './shape-source.ts';
import { viaReference } from './via-reference.ts';

export interface Shape {
  readonly cpu: GuestCpu;
  readonly memory: GuestMemory;
  readonly cells: readonly GuestCell[];
}

/** Problems of a class are told at `spec.className`, those of the image's mask at the field that names the image. */
export function resolveShape({ shape, vmClass }: ShapeSource, bootImage: BootImage | undefined): Checked<Shape> {
  const resolved = combine<{ cpu: GuestCpu; memory: GuestMemory; cells: readonly GuestCell[] }>({
    cpu: resolveCpu(shape.cpu, bootImage),
    memory: resolveMemory(shape),
    cells: resolveCells(shape),
  });
  if (vmClass === undefined) return resolved;
  const throughClass = (problem: FieldProblem): FieldProblem => (problem.path === bootImage?.path ? problem : viaReference(problem, 'spec.className', vmClass.name, 'class'));
  return resolved.ok
    ? { ...resolved, warnings: resolved.warnings.map(throughClass) }
    : { ...resolved, problems: resolved.problems.map(throughClass) };
}
