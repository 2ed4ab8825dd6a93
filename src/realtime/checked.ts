/** Puts checks together: every problem of every part is told at once, not only the first. */
import type { Checked, FieldProblem } from './problem.ts';
import { accepted, refused } from './problem.ts';

/** Checks of the fields of `Parts`, each on its own. */
export type CheckedParts<Parts> = { readonly [Part in keyof Parts]: Checked<Parts[Part]> };

/** All values under their names if every part is fine; else the problems of all parts, in order. Warnings are kept. */
export function combine<Parts extends Record<string, unknown>>(parts: CheckedParts<Parts>): Checked<Parts> {
  const names: readonly (keyof Parts)[] = Object.keys(parts);
  const problems = names.flatMap((name) => problemsOf(parts[name]));
  if (problems.length > 0) return refused(...problems);
  const values = Object.fromEntries(names.map((name) => [name, valueOf(parts[name])]));
  return accepted(values as Parts, names.flatMap((name) => warningsOf(parts[name])));
}

/** As {@link combine}, for a list. */
export function combineAll<Value>(checks: readonly Checked<Value>[]): Checked<readonly Value[]> {
  const problems = checks.flatMap(problemsOf);
  if (problems.length > 0) return refused(...problems);
  return accepted(checks.flatMap((check) => (check.ok ? [check.value] : [])), checks.flatMap(warningsOf));
}

/** `value` if there are no problems. */
export function unless<Value>(problems: readonly FieldProblem[], value: () => Value, warnings: readonly FieldProblem[] = []): Checked<Value> {
  return problems.length > 0 ? refused(...problems) : accepted(value(), warnings);
}

/** A new value from a fine one; what is wrong stays so. */
export function mapChecked<From, To>(checked: Checked<From>, change: (value: From) => To): Checked<To> {
  return checked.ok ? accepted(change(checked.value), checked.warnings) : checked;
}

export function problemsOf(checked: Checked<unknown>): readonly FieldProblem[] {
  return checked.ok ? [] : checked.problems;
}

function warningsOf(checked: Checked<unknown>): readonly FieldProblem[] {
  return checked.ok ? checked.warnings : [];
}

function valueOf(checked: Checked<unknown>): unknown {
  return checked.ok ? checked.value : undefined;
}
