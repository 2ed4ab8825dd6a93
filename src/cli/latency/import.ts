/** Adds figures of cyclictest or rtla to a report. */
import { ImportProblem, parseImported } from '../../realtime/latency/import.ts';
import type { ImportedResult, LatencyReport } from '../../realtime/latency/report.ts';
import { reportFormat } from '../../realtime/latency/report.ts';
import { LatencyError } from '../../latency/latency-error.ts';
import type { ImportOptions } from '../commands/latency.ts';
import type { ExitCode } from '../exit.ts';
import { readInputFiles } from '../input/read-files.ts';
import type { Io } from '../io.ts';
import { printReport } from './print-report.ts';

/** @throws LatencyError `IMPORT_REFUSED`; CommandError where a file cannot be read. */
export async function importFigures(file: string, options: ImportOptions, io: Io): Promise<ExitCode> {
  const report = reportIn(await textOf(options.report, io), options.report);
  const imported = importedFrom(await textOf(file, io), file, options);
  await printReport({ ...report, imported: [...report.imported, imported] }, options, io);
  return 0;
}

async function textOf(path: string, io: Io): Promise<string> {
  const [file] = await readInputFiles([path], io);
  return file!.text;
}

function importedFrom(text: string, file: string, { where, title }: ImportOptions): ImportedResult {
  try {
    const figures = parseImported(text);
    return { ...figures, where, title: title ?? figures.title };
  } catch (error) {
    if (!(error instanceof ImportProblem)) throw error;
    throw new LatencyError('IMPORT_REFUSED', `${file} is not taken over: ${error.message}`, { cause: error });
  }
}

/** A report is rtvm's own output; that it is one of this version is all that is asked of it. */
function reportIn(text: string, file: string): LatencyReport {
  try {
    const report = JSON.parse(text) as Partial<LatencyReport> | null;
    if (report?.format === reportFormat && Array.isArray(report.settings) && Array.isArray(report.imported))
      return report as LatencyReport;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new LatencyError(
    'IMPORT_REFUSED',
    `${file} is no report that this rtvm can add to; "rtvm latency -o json" prints one (${reportFormat})`,
  );
}
