/** Which hosts may have the guest: the labels that its class and the VM ask for, together. */
import { unless } from '../checked.ts';
import type { Checked, FieldProblem } from '../problem.ts';
import type { ClassSpec, VmSpec } from '../spec.ts';

/** `SELECTOR_CONFLICT` where the VM asks for another value of a label than its class, which no host could have. */
export function resolveSelector(vm: VmSpec, vmClass: ClassSpec | undefined): Checked<Readonly<Record<string, string>>> {
  const fixed = new Map(Object.entries(vmClass?.nodeSelector ?? {}));
  const problems = Object.entries(vm.nodeSelector).flatMap(([label, value]): readonly FieldProblem[] => {
    const wanted = fixed.get(label);
    return wanted === undefined || wanted === value ? [] : [{ code: 'SELECTOR_CONFLICT', path: `spec.nodeSelector[${JSON.stringify(label)}]`, value, message: `contradicts class ${JSON.stringify(vmClass?.name)}; accepted: ${JSON.stringify(wanted)}, or no such label` }];
  });
  return unless(problems, () => ({ ...vm.nodeSelector, ...vmClass?.nodeSelector }));
}
