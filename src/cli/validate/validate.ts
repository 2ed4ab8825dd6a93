/** Checks manifests and says what is wrong with them. */
import type { DocumentProblem } from '../../crds/document-problem.ts';
import { requiredFiles } from '../commands/options.ts';
import type { ValidateOptions } from '../commands/validate.ts';
import type { ExitCode } from '../exit.ts';
import { loadManifests } from '../input/manifests.ts';
import type { Manifests } from '../input/manifests.ts';
import { printProblems } from '../input/print-problems.ts';
import type { Io } from '../io.ts';
import { formatData } from '../output/formats.ts';

/** @returns 1 where there is a problem; warnings are none. */
export async function validate(options: ValidateOptions, io: Io): Promise<ExitCode> {
  const manifests = await loadManifests(requiredFiles(options), 'warn', io);
  const valid = manifests.problems.length === 0;
  switch (options.output) {
    case 'json':
      io.out(formatData(validationReport(manifests), 'json'));
      break;
    case 'text':
      printProblems(manifests, io);
      if (valid) io.out(summary(manifests.documents.length));
      break;
  }
  return valid ? 0 : 1;
}

function summary(resources: number): string {
  if (resources === 0) return 'nothing to check: no resources in the files';
  return resources === 1 ? '1 resource fine' : `${resources} resources fine`;
}

/** What `-o json` prints; stable. */
function validationReport({ documents, problems, warnings }: Manifests) {
  return {
    valid: problems.length === 0,
    resources: documents.map(({ file, line, resource: { kind, metadata } }) => ({
      file, line, kind, namespace: 'namespace' in metadata ? metadata.namespace : undefined, name: metadata.name,
    })),
    problems: problems.map(problemReport),
    warnings: warnings.map(problemReport),
  };
}

function problemReport({ file, line, path, code, value, message }: DocumentProblem) {
  return { file, line, path, code, value, message };
}
