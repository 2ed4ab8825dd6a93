// What the end of `make test` says of tests that passed only at a second try.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { TestReport } from '../../../scripts/test-report.ts';
import allowed from '../../allowed.json' with { type: 'json' };

const repository = join(import.meta.dirname, '../../..');
const temporary = mkdtempSync(join(tmpdir(), 'rtvm-count-'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

const [old = ''] = allowed.secondTries.files;
const passed = (file: string, tries: number): TestReport['tests'][number] => ({
  file: join(repository, file), name: 'a test', state: 'passed', tries, reasons: tries > 1 ? ['Error: too late'] : [],
});

function counted(...tests: TestReport['tests']) {
  const file = join(temporary, 'report.json');
  writeFileSync(file, JSON.stringify({ tests, broken: [], stray: [] } satisfies TestReport));
  const options = { cwd: repository, encoding: 'utf8' } as const;
  const { status, stdout } = spawnSync(process.execPath, ['scripts/count-tests.ts', file], options);
  return { status, stdout };
}

test('few second tries of the tests that may have one are reported, and allowed', () => {
  const { status, stdout } = counted(passed(old, 1), passed(old, 2));
  expect(stdout).toContain('PASSED ONLY AT THE SECOND TRY');
  expect(stdout).toContain('2 passed, 0 failed, 0 skipped, 1 of the passed at a second try');
  expect(status).toBe(0);
});

test('more than are allowed fail the run', () => {
  const { status, stdout } = counted(...Array.from({ length: allowed.secondTries.most + 1 }, () => passed(old, 2)));
  expect(stdout).toContain(`test/allowed.json allows ${allowed.secondTries.most}: that is no accident`);
  expect(status).toBe(1);
});

test('one of a test that may have none fails the run', () => {
  const { status, stdout } = counted(passed(old, 1), passed('test/integration/new.test.ts', 2));
  expect(stdout).toContain('1 of these in files that test/allowed.json does not name: no second try is allowed');
  expect(status).toBe(1);
});

const left = (name: string, note?: string): TestReport['tests'][number] => ({
  ...passed(old, 1), name, state: 'skipped', ...(note === undefined ? {} : { note }),
});

test('a test is left out for a reason that its name or its note gives', () => {
  const { status, stdout } = counted(passed(old, 1), left('a guest (skipped where there is no KVM)'), left('a disk', 'no tmpfs here'));
  expect(stdout).toMatch(/^skipped: .*: a disk: no tmpfs here$/m);
  expect(stdout).toContain('2 of these need what this machine has not');
  expect(status).toBe(0);
});

test('one that gives none is named, and fails the run', () => {
  const { status, stdout } = counted(passed(old, 1), left('a check'), left('a disk', 'no tmpfs here'));
  expect(stdout).toContain('1 tests were skipped for no reason that their names or notes give');
  expect(stdout).toContain(`  ${old}: a check\n`);
  expect(status).toBe(1);
});
