// Adds up the results of several test runs, names what was skipped, what passed only at a second try and what failed, and why; fails
// when more is skipped or tried again than is allowed. It comes last, so that whoever sees only the end of a log sees what is wrong.
import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { kubeApiMissing } from '../test/testbed/kube-api-binaries.ts';

const report = z.object({
  testResults: z.array(z.object({
    name: z.string(),
    status: z.string(),
    assertionResults: z.array(z.object({ fullName: z.string(), status: z.string(), failureMessages: z.array(z.string()).nullish() })),
    message: z.string().optional(),
  })),
});

/** Characters of a failure: enough for both values that differ and where. */
const longestReason = 2_500;

const files = process.argv.slice(2);
const results = files.flatMap((file) => report.parse(JSON.parse(readFileSync(file, 'utf8'))).testResults);
const tests = results.flatMap((file) => file.assertionResults.map((test) => ({ ...test, file: file.name })));
const withStatus = (...statuses: string[]) => tests.filter((test) => statuses.includes(test.status));

const passed = withStatus('passed');
const skipped = withStatus('skipped', 'pending', 'todo', 'disabled');
// A file that cannot even be loaded has failed and holds no tests.
const brokenFiles = results.filter((file) => file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed'));
const failed = tests.length - passed.length - skipped.length + brokenFiles.length;

for (const test of skipped) console.log(`skipped: ${test.file}: ${test.fullName}`);

// What this machine cannot have is said in the test's own name, and is no check that has silently gone.
const noApiServer = kubeApiMissing();
const excused = skipped.filter(({ fullName }) => fullName.includes('(skipped where ') || (noApiServer !== undefined && fullName.includes(noApiServer)));
if (excused.length > 0) console.log(`${excused.length} of these need what this machine has not${noApiServer === undefined ? '' : `; ${noApiServer}`}`);

const allowed = z.object({ skipped: z.number(), secondTries: z.number() }).parse(JSON.parse(readFileSync('test/allowed.json', 'utf8')));
if (skipped.length - excused.length > allowed.skipped) {
  console.log(`${skipped.length - excused.length} tests were skipped for no reason that their names give, test/allowed.json allows ${allowed.skipped}: a check has silently gone`);
  process.exitCode = 1;
}
const secondTries = passed.filter(({ failureMessages }) => (failureMessages ?? []).length > 0);
for (const { file, fullName, failureMessages } of secondTries) console.log(`\nPASSED ONLY AT THE SECOND TRY ${file}: ${fullName}\n${failureMessages!.join('\n').slice(0, longestReason)}`);
if (secondTries.length > allowed.secondTries) {
  console.log(`${secondTries.length} tests needed a second try, test/allowed.json allows ${allowed.secondTries}: that is no accident`);
  process.exitCode = 1;
}
for (const { file, fullName, failureMessages } of withStatus('failed')) console.log(`\nFAILED ${file}: ${fullName}\n${(failureMessages ?? []).join('\n').slice(0, longestReason)}`);
for (const { name, message } of brokenFiles) console.log(`\nFAILED ${name}: cannot be run\n${(message ?? '').slice(0, longestReason)}`);
if (failed > 0 || passed.length === 0) process.exitCode = 1;
console.log(`\n${passed.length} passed, ${failed} failed, ${skipped.length} skipped, ${secondTries.length} of the passed at a second try`);
