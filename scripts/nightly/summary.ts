/** The summary of a nightly run, as it is committed. Pure. */
import type { TestReport } from '../test-report.ts';
import type { StepResult } from './run-step.ts';
import type { NightlyStep } from './steps.ts';

export interface NightlyRun {
  readonly began: Date;
  /** The whole hash. */
  readonly commit: string;
  /** Whether files were otherwise than in the commit. */
  readonly changed: boolean;
  /** `2 CPUs`, `Linux 6.12.0`: nothing that tells one machine of its kind from another. */
  readonly machine: readonly string[];
  /** All that there are. */
  readonly steps: readonly NightlyStep[];
  /** Names of those that were asked for. */
  readonly chosen: readonly string[];
  readonly results: ReadonlyMap<string, StepResult>;
}

/** Takes out of a line what belongs to this machine alone. */
export type Anonymous = (line: string) => string;

export function summaryName({ began, commit }: Pick<NightlyRun, 'began' | 'commit'>): string {
  return `nightly-${began.toISOString().slice(0, 10)}-${commit.slice(0, 7)}`;
}

export function summary(run: NightlyRun, anonymous: Anonymous): string {
  const { began, commit, changed, machine, steps, chosen, results } = run;
  const asked = steps.filter(({ name }) => chosen.includes(name));
  const left = steps.filter(({ name }) => !chosen.includes(name)).map(({ name }) => name);
  return `${[
    `# Nightly run of ${began.toISOString().slice(0, 10)}`,
    '',
    `- commit ${commit}${changed ? ', with changes that are not committed' : ''}`,
    `- began ${began.toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    `- machine: ${machine.join(', ')}`,
    ...(left.length === 0 ? [] : [`- not asked for: ${left.join(', ')}`]),
    '',
    '| step | verdict | minutes | tests |',
    '|---|---|---:|---|',
    ...asked.map(({ name }) => row(name, results.get(name))),
    ...asked.flatMap((step) => section(step, results.get(step.name), anonymous)),
  ].join('\n')}\n`;
}

function row(name: string, result: StepResult | undefined): string {
  if (result === undefined) return `| ${name} | not run | | |`;
  return `| ${name} | ${result.verdict} | ${(result.seconds / 60).toFixed(1)} | ${counts(result)} |`;
}

function section(step: NightlyStep, result: StepResult | undefined, anonymous: Anonymous): readonly string[] {
  if (result === undefined) return [];
  const env = Object.entries(step.env ?? {}).map(([key, value]) => `${key}=${value}`);
  const called = [...env, ...step.command].join(' ');
  const failures = result.tests === undefined ? [] : failuresIn(result.tests);
  // Where tests say themselves what failed, the end of the output says it once more.
  const end = failures.length > 0 ? [] : result.end.filter((line) => !result.kept.includes(line));
  const lines = [...result.kept, ...failures, ...end].map(anonymous);
  return [
    '', `## ${step.name}`, '', `${step.what.replace(/^./, (first) => first.toUpperCase())}: \`${called}\``,
    ...(lines.length === 0 ? [] : ['', '```text', ...lines, '```']),
  ];
}

function failuresIn({ tests, broken, stray }: TestReport): readonly string[] {
  const first = (reason: string | undefined) => reason?.split('\n')[0] ?? 'it did not end';
  return [
    ...tests.filter(hasFailed).map(({ name, reasons }) => `FAILED ${name}: ${first(reasons[0])}`),
    ...broken.map(({ file, reason }) => `BROKEN ${file}: ${first(reason)}`),
    ...stray.map(({ near, reason }) => `AN ERROR OUTSIDE ANY TEST near ${near}: ${first(reason)}`),
  ];
}

function hasFailed({ state }: TestReport['tests'][number]): boolean {
  return state === 'failed' || state === 'pending';
}

function counts({ tests: report }: StepResult): string {
  if (report === undefined) return '';
  const { tests, broken, stray } = report;
  return [
    `${tests.filter(({ state }) => state === 'passed').length} passed`,
    `${tests.filter(hasFailed).length + broken.length + stray.length} failed`,
    `${tests.filter(({ state }) => state === 'skipped').length} skipped`,
    `${tests.filter(({ state, tries }) => state === 'passed' && tries > 1).length} at a second try`,
  ].join(', ');
}
