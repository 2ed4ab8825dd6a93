// Adds up the results of several test runs, names what was skipped, what passed only at a second try, what failed and what went wrong
// outside any test, and why; fails when something failed, or more is skipped or tried again than is allowed. It comes last, so that
// whoever sees only the end of a log sees what is wrong.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import * as z from 'zod';
import { kubeApiMissing } from '../test/testbed/kube-api-binaries.ts';
import { testReport } from './test-report.ts';

/** Characters of a failure: enough for both values that differ and where. */
const longestReason = 2_500;

const reports = process.argv.slice(2).map((file) => testReport.parse(JSON.parse(readFileSync(file, 'utf8'))));
const tests = reports.flatMap((report) => report.tests);
const broken = reports.flatMap((report) => report.broken);
const stray = reports.flatMap((report) => report.stray);
const passed = tests.filter((test) => test.state === 'passed');
const skipped = tests.filter((test) => test.state === 'skipped');
const failed = tests.filter((test) => test.state === 'failed' || test.state === 'pending');
const secondTries = passed.filter((test) => test.tries > 1);
const allowed = z.object({
  skipped: z.int(),
  secondTries: z.object({ most: z.int(), files: z.array(z.string()) }),
}).parse(JSON.parse(readFileSync('test/allowed.json', 'utf8')));

function tell(what: string, reason: string): void {
  console.log(`\n${what}\n${reason.slice(0, longestReason)}`);
}

for (const { file, name, note } of skipped) console.log(`skipped: ${file}: ${name}${note === undefined ? '' : `: ${note}`}`);
// What this machine cannot have is said in the test's own name or in its note, and is no check that has silently gone.
const noApiServer = kubeApiMissing();
const excused = skipped.filter(({ name, note }) =>
  note !== undefined || name.includes('(skipped where ') || (noApiServer !== undefined && name.includes(noApiServer)));
const silent = skipped.filter((test) => !excused.includes(test));
if (excused.length > 0) console.log(`${excused.length} of these need what this machine has not${noApiServer === undefined ? '' : `; ${noApiServer}`}`);
if (silent.length > allowed.skipped) {
  console.log(`${silent.length} tests were skipped for no reason that their names or notes give, test/allowed.json allows ${allowed.skipped}: a check has silently gone`);
  for (const { file, name } of silent) console.log(`  ${relative(process.cwd(), file)}: ${name}`);
  process.exitCode = 1;
}

for (const { file, name, reasons } of secondTries) tell(`PASSED ONLY AT THE SECOND TRY ${file}: ${name}`, reasons.join('\n'));
if (secondTries.length > allowed.secondTries.most) {
  const { most } = allowed.secondTries;
  console.log(`${secondTries.length} tests needed a second try, test/allowed.json allows ${most}: that is no accident`);
  process.exitCode = 1;
}
const unwanted = secondTries.filter(({ file }) => !allowed.secondTries.files.includes(relative(process.cwd(), file)));
if (unwanted.length > 0) {
  console.log(`${unwanted.length} of these in files that test/allowed.json does not name: no second try is allowed`);
  process.exitCode = 1;
}

for (const { file, name, reasons } of failed) tell(`FAILED ${file}: ${name}`, reasons.join('\n'));
for (const { file, reason } of broken) tell(`FAILED ${file}: its set-up, its clean-up or its loading`, reason);
for (const { near, reason } of stray) tell(`AN ERROR OUTSIDE ANY TEST, while this ran: ${near === '' ? 'no test' : near}`, reason);
if (failed.length + broken.length + stray.length > 0 || passed.length === 0) process.exitCode = 1;

const besides = [...broken.length > 0 ? [`${broken.length} files broken`] : [], ...stray.length > 0 ? [`${stray.length} errors outside any test`] : []];
console.log(`\n${[`${passed.length} passed`, `${failed.length} failed`, ...besides, `${skipped.length} skipped`, `${secondTries.length} of the passed at a second try`].join(', ')}`);
