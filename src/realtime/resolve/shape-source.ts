/** Where a VM's cpu, memory and numa come from: its class, or the VM itself, never both. */
import { nearest } from '../nearest.ts';
import type { Checked, FieldProblem } from '../problem.ts';
import { accepted, refused } from '../problem.ts';
import type { ClassSpec, ShapeSpec, VmSpec } from '../spec.ts';
import type { Lookup } from './lookup.ts';

export interface ShapeSource {
  readonly shape: ShapeSpec;
  /** Absent for a VM that states its shape inline. */
  readonly vmClass: ClassSpec | undefined;
}

/** Codes: `CLASS_AND_INLINE`, `CLASS_OR_INLINE`, `CLASS_MISSING`, `INLINE_INCOMPLETE`. */
export function shapeSource(vm: VmSpec, classes: Lookup<ClassSpec>): Checked<ShapeSource> {
  const inlineFields = (['cpu', 'memory', 'numa'] as const).filter((field) => vm.inline?.[field] !== undefined);
  if (vm.className === undefined) return inlineShape(vm.inline, inlineFields.length);
  if (inlineFields.length > 0) {
    return refused({
      code: 'CLASS_AND_INLINE',
      path: `spec.${inlineFields[0]!}`,
      message: `cannot be combined with spec.className ${JSON.stringify(vm.className)}, since the class fixes cpu, memory and numa; accepted: className alone, or cpu and memory without it`,
    });
  }
  const vmClass = classes.get(vm.className);
  if (vmClass === undefined) {
    const similar = nearest(vm.className, classes.keys());
    const hint = similar === undefined ? 'accepted: the name of an existing RealtimeVMClass' : `did you mean ${JSON.stringify(similar)}?`;
    return refused({ code: 'CLASS_MISSING', path: 'spec.className', value: vm.className, message: `no RealtimeVMClass has this name; ${hint}` });
  }
  return accepted({ shape: vmClass, vmClass });
}

function inlineShape(inline: Partial<ShapeSpec> | undefined, stated: number): Checked<ShapeSource> {
  if (stated === 0) {
    return refused({ code: 'CLASS_OR_INLINE', path: 'spec', message: 'states neither className nor cpu and memory; accepted: one of the two' });
  }
  const missing = (['cpu', 'memory'] as const).filter((field) => inline?.[field] === undefined);
  const problems: readonly FieldProblem[] = missing.map((field) => ({ code: 'INLINE_INCOMPLETE', path: `spec.${field}`, message: 'is required in a VM without a className' }));
  if (inline?.cpu === undefined || inline.memory === undefined) return refused(...problems);
  return accepted({ shape: { cpu: inline.cpu, memory: inline.memory, numa: inline.numa }, vmClass: undefined });
}
