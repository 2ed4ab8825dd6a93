/** What a store finds wrong in what it holds, or with itself, as entries of a log. */
import { formatProblem } from '../../crds/document-problem.ts';
import type { Log } from '../../runtime/log.ts';
import type { StoreProblem } from '../../store/problem.ts';

/** @param problems all that there are now; none where everything is well again. */
export function logProblems(log: Log, problems: readonly StoreProblem[]): void {
  for (const problem of problems) {
    log.warn('the store reports a problem', { reason: problem.code, detail: formatProblem(problem) });
  }
}
