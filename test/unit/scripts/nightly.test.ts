// The nightly run: which steps, what becomes of one that fails or hangs, and what its summary says.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { chosenSteps } from '../../../scripts/nightly/chosen-steps.ts';
import { runStep } from '../../../scripts/nightly/run-step.ts';
import type { StepResult } from '../../../scripts/nightly/run-step.ts';
import { nightlySteps } from '../../../scripts/nightly/steps.ts';
import type { NightlyStep } from '../../../scripts/nightly/steps.ts';
import { summary, summaryName } from '../../../scripts/nightly/summary.ts';
import type { TestReport } from '../../../scripts/test-report.ts';

type Tested = TestReport['tests'][number];

const logDirectory = mkdtempSync(join(tmpdir(), 'rtvm-nightly-'));
afterAll(() => rmSync(logDirectory, { recursive: true, force: true }));

const node = (name: string, script: string): NightlyStep => ({
  name, what: 'a step', command: [process.execPath, '-e', script], limitMinutes: 5, keeps: /^kept /,
});

async function ran(step: NightlyStep): Promise<StepResult & { readonly shown: string }> {
  let shown = '';
  const show = (chunk: Buffer) => void (shown += chunk.toString());
  return { ...await runStep(step, { logDirectory, cwd: logDirectory, show }), shown };
}

describe('a step of the nightly run', () => {
  test('that passes keeps its results, and all that it printed is in a file', async () => {
    const prints = 'console.log(`kept \u001b[32m${process.env.SEED}\u001b[39m`); console.error("not kept")';
    const result = await ran({ ...node('good', prints), env: { SEED: '7' } });
    expect(result).toMatchObject({ verdict: 'passed', kept: ['kept 7'], end: [], tests: undefined });
    expect(result.shown).toContain('not kept');
    expect(readFileSync(join(logDirectory, 'good.log'), 'utf8')).toBe(result.shown);
  });

  test('that fails shows the end of what it printed', async () => {
    const result = await ran(node('bad', 'console.log("kept 1"); console.error("why"); process.exit(3)'));
    expect(result).toMatchObject({ verdict: 'failed', kept: ['kept 1'] });
    expect(result.end.toSorted()).toEqual(['kept 1', 'why']);
  });

  test('whose program is not there has failed', async () => {
    const { verdict, end } = await ran({ ...node('none', ''), command: ['no-such-program'] });
    expect([verdict, ...end]).toEqual(['failed', 'no-such-program cannot be started: spawn no-such-program ENOENT']);
  });

  test('that hangs is ended with all that it has started', async () => {
    const hanging = 'require("child_process").spawn("sleep", ["600"], { stdio: "inherit" })';
    // Its pipe is closed only when the last of them has ended.
    const { verdict } = await ran({ ...node('long', hanging), limitMinutes: 0.02 });
    expect(verdict).toBe('ended, it took too long');
  });

  test('leaves the results of its tests, and not those of the run before', async () => {
    const one = { file: 'a.test.ts', name: 'one', state: 'failed', tries: 1, reasons: ['Error: why\nat a'] };
    const report = { tests: [one], broken: [], stray: [] };
    const writes = `require("fs").writeFileSync(process.env.RTVM_TEST_REPORT, ${JSON.stringify(JSON.stringify(report))})`;
    expect((await ran(node('tests', `${writes}; process.exit(1)`))).tests).toEqual(report);
    expect((await ran(node('tests', ''))).tests).toBeUndefined();
  });
});

describe('the steps', () => {
  const names = nightlySteps(new Date('2026-03-01T01:00:00Z')).map(({ name }) => name);

  test('are all or those that are named; a name that there is not is refused', () => {
    expect(chosenSteps(undefined, names)).toEqual(names);
    expect(chosenSteps('', names)).toEqual(names);
    expect(chosenSteps(' bench  chaos', names)).toEqual(['bench', 'chaos']);
    expect(() => chosenSteps('bench coas', names)).toThrow(`NIGHTLY_STEPS names coas; accepted: ${names.join(', ')}`);
  });

  test('have names of their own, and another seed each night', () => {
    expect(new Set(names).size).toBe(names.length);
    const seeds = (night: string) => nightlySteps(new Date(night)).flatMap(({ env }) => env?.['CHAOS_SEED'] ?? []);
    expect(seeds('2026-03-01T01:00:00Z')).toEqual(['20260301', '20260302']);
  });
});

test('a summary says what was run where, and how it ended', () => {
  const began = new Date('2026-03-01T23:59:30Z');
  const commit = '0123456789abcdef0123456789abcdef01234567';
  const chaos = { ...node('chaos', ''), what: 'kills', command: ['vitest', 'run'] as const, env: { SEED: '7' } };
  const steps = [chaos, ...['bench', 'hangs', 'late'].map((name) => node(name, ''))];
  const passed: Tested = { file: 'a', name: 'one', state: 'passed', tries: 1, reasons: [] };
  const failed: Tested = { ...passed, name: 'one that failed', state: 'failed', reasons: ['Error: /here/x\nat y'] };
  const tests = { tests: [passed, { ...passed, tries: 2 }, failed], broken: [], stray: [] };
  const results = new Map<string, StepResult>([
    ['chaos', { verdict: 'failed', seconds: 90, kept: ['kept 1'], end: ['the end'], tests }],
    ['hangs', { verdict: 'ended, it took too long', seconds: 600, kept: ['kept 2'], end: ['kept 2', 'the end'], tests: undefined }],
  ]);
  const chosen = ['chaos', 'hangs', 'late'];
  const run = { began, commit, changed: true, machine: ['2 CPUs', 'Linux 6.12'], steps, chosen, results };
  expect(summaryName(run)).toBe('nightly-2026-03-01-0123456');
  expect(summary(run, (line) => line.replaceAll('/here/', ''))).toBe(`# Nightly run of 2026-03-01

- commit ${commit}, with changes that are not committed
- began 2026-03-01 23:59 UTC
- machine: 2 CPUs, Linux 6.12
- not asked for: bench

| step | verdict | minutes | tests |
|---|---|---:|---|
| chaos | failed | 1.5 | 2 passed, 1 failed, 0 skipped, 1 at a second try |
| hangs | ended, it took too long | 10.0 |  |
| late | not run | | |

## chaos

Kills: \`SEED=7 vitest run\`

\`\`\`text
kept 1
FAILED one that failed: Error: x
\`\`\`

## hangs

A step: \`${process.execPath} -e \`

\`\`\`text
kept 2
the end
\`\`\`
`);
});
