/** Prints what is wrong with manifests. */
import { formatProblem } from '../../crds/document-problem.ts';
import type { FieldProblem } from '../../realtime/problem.ts';
import { CommandError } from '../exit.ts';
import type { Io } from '../io.ts';
import type { Manifests } from './manifests.ts';

/** One line for each, warnings marked as such, on standard error. */
export function printProblems({ problems, warnings }: Pick<Manifests, 'problems' | 'warnings'>, io: Io): void {
  for (const problem of problems) io.err(formatProblem(problem));
  printWarnings(warnings, io);
}

export function printWarnings(warnings: readonly FieldProblem[], io: Io): void {
  for (const warning of warnings) io.err(`warning: ${formatProblem(warning)}`);
}

/**
 * Prints problems and warnings, and gives up where there are problems.
 * @throws CommandError `MANIFESTS_REFUSED`.
 */
export function requireFine(manifests: Pick<Manifests, 'problems' | 'warnings'>, io: Io): void {
  printProblems(manifests, io);
  const count = manifests.problems.length;
  if (count > 0) throw new CommandError('MANIFESTS_REFUSED', count === 1 ? 'the problem above must be mended first' : `the ${count} problems above must be mended first`);
}
