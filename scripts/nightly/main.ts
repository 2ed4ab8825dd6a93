// Runs what does not fit into `make test`, and writes a summary to test/results/, which a person commits. A step that
// fails stops no other.
//
//   make nightly [NIGHTLY_STEPS='chaos bench']      needs what `make test` needs; default: all steps
//
// All that a step prints is kept in build/nightly/, until the next run of it.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir, hostname } from 'node:os';
import { join } from 'node:path';
import { chosenSteps } from './chosen-steps.ts';
import { machineFacts } from './machine-facts.ts';
import { runStep } from './run-step.ts';
import type { StepResult } from './run-step.ts';
import { nightlySteps } from './steps.ts';
import { summary, summaryName } from './summary.ts';

const cwd = join(import.meta.dirname, '../..');
const [logDirectory, resultDirectory] = [join(cwd, 'build/nightly'), join(cwd, 'test/results')];
const began = new Date();
const steps = nightlySteps(began);
const chosen = chosenSteps(process.env['NIGHTLY_STEPS'], steps.map(({ name }) => name));
const changed = git('status', '--porcelain') !== '';
const run = { began, commit: git('rev-parse', 'HEAD'), changed, machine: machineFacts(), steps, chosen };
const path = freshPath(summaryName(run));
const results = new Map<string, StepResult>();
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());
const show = (chunk: Buffer) => process.stdout.write(chunk);

for (const directory of [logDirectory, resultDirectory]) mkdirSync(directory, { recursive: true });
const wanted = steps.filter(({ name }) => chosen.includes(name));
for (const [index, step] of wanted.entries()) {
  if (interrupted.signal.aborted) break;
  console.log(`\n== ${step.name}, ${index + 1} of ${wanted.length}: ${step.what} (at most ${step.limitMinutes} min)`);
  results.set(step.name, await runStep(step, { logDirectory, cwd, show, signal: interrupted.signal }));
  // After each step: a machine that is lost in the night leaves what it has done.
  writeFileSync(path, summary({ ...run, results }, anonymous));
}
console.log('\n== summary');
for (const { name } of wanted) console.log(`${name}: ${results.get(name)?.verdict ?? 'not run'}`);
console.log(`written to ${path.slice(cwd.length + 1)}; all that was printed is in build/nightly/`);
process.exitCode = wanted.every(({ name }) => results.get(name)?.verdict === 'passed') ? 0 : 1;

/** A second run of a day has a name of its own. */
function freshPath(name: string): string {
  for (let count = 1; ; count += 1) {
    const candidate = join(resultDirectory, `${name}${count === 1 ? '' : `-${count}`}.md`);
    if (!existsSync(candidate)) return candidate;
  }
}

function git(...args: readonly string[]): string {
  return execFileSync('git', args, { cwd, encoding: 'utf8' }).trim();
}

/** Without the names of this machine and of its folders. */
function anonymous(line: string): string {
  const host = new RegExp(`\\b${RegExp.escape(hostname())}\\b`, 'g');
  return line.replaceAll(`${cwd}/`, '').replaceAll(cwd, '.').replaceAll(`${homedir()}/`, '~/').replace(host, 'HOST');
}
