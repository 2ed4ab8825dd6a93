/** Names that stand twice where each must stand once. */
import type { FieldProblem } from '../problem.ts';

export interface Named {
  readonly name: string;
  /** The field that holds the name. */
  readonly path: string;
}

/** One problem for each name that an earlier entry has, naming the place of the first. */
export function duplicates(entries: readonly Named[], code: string, thing: string, what: 'name' | 'address' = 'name'): readonly FieldProblem[] {
  const first = new Map<string, string>();
  const problems: FieldProblem[] = [];
  for (const { name, path } of entries) {
    const earlier = first.get(name);
    if (earlier === undefined) first.set(name, path);
    else problems.push({ code, path, value: name, message: `is the ${what} of another ${thing}, at ${earlier}; accepted: ${what === 'address' ? 'an' : 'a'} ${what} of its own for each` });
  }
  return problems;
}
