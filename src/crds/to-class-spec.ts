/** RealtimeVMClass to the core's class. */
import { mapChecked } from '../realtime/checked.ts';
import type { Checked } from '../realtime/problem.ts';
import type { ClassSpec } from '../realtime/spec.ts';
import type { RealtimeVmClass } from './realtime-vm-class.ts';
import { toShapeSpec } from './to-shape-spec.ts';

/** Codes: `SIZE`, `CPU_LIST`. Whether its parts agree `checkClass` says. */
export function toClassSpec({ metadata, spec }: RealtimeVmClass): Checked<ClassSpec> {
  const { nodeSelector, packing, allow } = spec;
  return mapChecked(toShapeSpec(spec), (shape) => ({ ...shape, name: metadata.name, nodeSelector, packing, allow }));
}
