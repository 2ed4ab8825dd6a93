/** Runs one step of a nightly run to its end, with all that it prints in a file. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { stripVTControlCharacters } from 'node:util';
import { testReport } from '../test-report.ts';
import type { TestReport } from '../test-report.ts';
import type { NightlyStep } from './steps.ts';

export interface StepResult {
  readonly verdict: 'passed' | 'failed' | 'ended, it took too long';
  readonly seconds: number;
  /** Lines that the step keeps. */
  readonly kept: readonly string[];
  /** The end of its output, where it did not pass. */
  readonly end: readonly string[];
  /** Where it runs tests and came to their end. */
  readonly tests: TestReport | undefined;
}

export interface RunOptions {
  /** Takes `STEP.log` and `STEP.json`. */
  readonly logDirectory: string;
  readonly cwd: string;
  /** Shows what the step prints. */
  readonly show: (chunk: Buffer) => void;
  readonly signal?: AbortSignal;
}

const endLines = 40;
/** For what has been asked to end, to clean up. */
const graceMs = 30_000;

export async function runStep(step: NightlyStep, options: RunOptions): Promise<StepResult> {
  const { logDirectory, cwd, show, signal } = options;
  const { name, command: [program, ...args], limitMinutes, keeps } = step;
  const beganMs = performance.now();
  const [logPath, reportPath] = [join(logDirectory, `${name}.log`), join(logDirectory, `${name}.json`)];
  rmSync(reportPath, { force: true });
  const log = createWriteStream(logPath);
  const env = { ...process.env, ...step.env, RTVM_TEST_REPORT: reportPath };
  // A group of its own: what it has started is ended with it.
  const child = spawn(program, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      log.write(chunk);
      show(chunk);
    });
  }
  const limit = AbortSignal.timeout(limitMinutes * 60_000);
  const stopped = signal === undefined ? limit : AbortSignal.any([signal, limit]);
  let kill: NodeJS.Timeout | undefined;
  const signalGroup = (how: NodeJS.Signals) => {
    // Gone with all that it had started, it needs no signal.
    if (child.pid !== undefined && isThere(-child.pid)) process.kill(-child.pid, how);
  };
  const stop = () => {
    signalGroup('SIGTERM');
    kill = setTimeout(() => signalGroup('SIGKILL'), graceMs);
  };
  if (stopped.aborted) stop();
  else stopped.addEventListener('abort', stop, { once: true });
  try {
    await once(child, 'close');
  } catch (error) {
    log.write(`${program} cannot be started: ${(error as Error).message}\n`);
  } finally {
    clearTimeout(kill);
    stopped.removeEventListener('abort', stop);
  }
  log.end();
  await finished(log);
  const lines = stripVTControlCharacters(readFileSync(logPath, 'utf8')).split('\n').map((line) => line.trimEnd());
  const passed = child.exitCode === 0 && !limit.aborted;
  return {
    verdict: passed ? 'passed' : limit.aborted ? 'ended, it took too long' : 'failed',
    seconds: (performance.now() - beganMs) / 1000,
    kept: lines.filter((line) => keeps.test(line)),
    end: passed ? [] : lines.filter((line) => line !== '').slice(-endLines),
    tests: existsSync(reportPath) ? testReport.parse(JSON.parse(readFileSync(reportPath, 'utf8'))) : undefined,
  };
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
