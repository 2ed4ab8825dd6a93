/** Prints a report as it was asked for, and writes it for the browser. */
import { rename, writeFile } from 'node:fs/promises';
import type { LatencyReport } from '../../realtime/latency/report.ts';
import { CommandError } from '../exit.ts';
import type { Io } from '../io.ts';
import { formatData } from '../output/formats.ts';
import { reportHtml } from './report-html.ts';
import { formatReport } from './report-text.ts';

export interface PrintOptions {
  readonly output: 'table' | 'json';
  readonly html?: string;
}

/** @throws CommandError `REPORT_NOT_WRITTEN`; nothing is printed then. */
export async function printReport(report: LatencyReport, options: PrintOptions, io: Io): Promise<void> {
  if (options.html !== undefined) await writeWhole(options.html, reportHtml(report));
  if (options.output === 'json') io.out(formatData(report, 'json'));
  else io.out(formatReport(report, { width: io.columns, unicode: io.unicode, style: io.style }));
  if (options.html !== undefined) io.err(`rtvm: the report is in ${options.html}`);
}

/** All of it or nothing: a report that is cut off may still look like one. */
async function writeWhole(path: string, text: string): Promise<void> {
  try {
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
  } catch (error) {
    throw new CommandError(
      'REPORT_NOT_WRITTEN',
      `the report cannot be written to ${path}: ${error instanceof Error ? error.message : String(error)}; give `
        + `--html a file in a directory that you may write to`,
      { cause: error },
    );
  }
}
