// A reporter of the test runner: its own JSON leaves out the errors that belong to no test, although the run fails for them.
import { writeFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import type { Reporter, SerializedError, TestCase, TestModule } from 'vitest/node';
import type { ReportedTest, TestReport } from './test-report.ts';

/** Writes a {@link TestReport} to the file that RTVM_TEST_REPORT names. */
export default class ReportTests implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const path = process.env['RTVM_TEST_REPORT'];
    if (path === undefined) throw new Error('RTVM_TEST_REPORT names no file to write to');
    const report: TestReport = {
      tests: modules.flatMap((module) => Array.from(module.children.allTests(), reported)),
      broken: modules.flatMap((module) => [module, ...module.children.allSuites()].flatMap((suite) => suite.errors()).map((error) => ({ file: module.moduleId, reason: reasonOf(error) }))),
      stray: unhandled.map((error) => ({ near: [error['VITEST_TEST_PATH'], error['VITEST_TEST_NAME']].filter((part) => typeof part === 'string').join(': '), reason: reasonOf(error) })),
    };
    writeFileSync(path, JSON.stringify(report));
  }
}

function reported(test: TestCase): ReportedTest {
  const result = test.result();
  return {
    file: test.module.moduleId,
    name: test.fullName,
    state: result.state,
    tries: 1 + (test.diagnostic()?.retryCount ?? 0),
    reasons: (result.errors ?? []).map(reasonOf),
    note: result.state === 'skipped' ? result.note : undefined,
  };
}

/** What differs comes before where. */
function reasonOf({ name = 'Error', message, stack, diff }: SerializedError): string {
  const where = stack?.split('\n').filter((line) => line.trimStart().startsWith('at ')) ?? [];
  return stripVTControlCharacters([`${name}: ${message}`, ...(typeof diff === 'string' ? [diff] : []), ...where].join('\n'));
}
