/** A problem with a field of a file, and how it is written for people: `vm.yaml:12: spec.cpu.vcpus: 0: must be at least 1`. */
import type { FieldProblem } from '../realtime/problem.ts';
import type { ResourceRef } from './resource.ts';

export interface DocumentProblem extends FieldProblem {
  /** As the caller named it. */
  readonly file: string;
  /** Of the field's key, or of the nearest value around it; 1-based. */
  readonly line?: number | undefined;
  /** Which resource, where that much could be read. */
  readonly resource?: ResourceRef | undefined;
}

/** A longer value would push the message off the screen. */
const longestValue = 80;

/** One line, without a newline at its end. */
export function formatProblem(problem: FieldProblem | DocumentProblem): string {
  const place = 'file' in problem ? [`${problem.file}${problem.line === undefined ? '' : `:${problem.line}`}`] : [];
  const path = problem.path === '' ? [] : [problem.path];
  const value = problem.value === undefined ? [] : [formatValue(problem.value)];
  return [...place, ...path, ...value, problem.message].join(': ');
}

/** One line for each problem. */
export function formatProblems(problems: readonly (FieldProblem | DocumentProblem)[]): string {
  return problems.map(formatProblem).join('\n');
}

/** As in JSON, cut where it is long. */
function formatValue(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length <= longestValue ? text : `${text.slice(0, longestValue - 1)}…`;
}
