/** Problems in a class or an image, told where the VM names it. */
import type { FieldProblem } from '../problem.ts';

/** The problem at `path`, the field that names the other resource, with that resource's own field in the message. */
export function viaReference(problem: FieldProblem, path: string, name: string, kind: 'class' | 'image'): FieldProblem {
  const found = problem.value === undefined ? '' : ` ${JSON.stringify(problem.value)}`;
  return { code: problem.code, path, value: name, message: `the ${kind}'s ${problem.path}${found}: ${problem.message}` };
}
