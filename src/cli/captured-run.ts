/** Runs a command line in this process with its output captured, for tests. */
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { ExitCode } from './exit.ts';
import { Io } from './io.ts';
import { rtvmForm } from './program-form.ts';
import type { ProgramForm } from './program-form.ts';
import { runProgram } from './program.ts';

export interface CapturedRun {
  readonly exitCode: ExitCode;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CapturedRunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly form?: ProgramForm;
}

export async function capturedRun(args: readonly string[], { env = {}, stdin = '', form = rtvmForm }: CapturedRunOptions = {}): Promise<CapturedRun> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const output = Promise.all([text(stdout), text(stderr)]);
  const exitCode = await runProgram(args, new Io({ stdin: Readable.from([stdin]), stdout, stderr, env }), form);
  stdout.end();
  stderr.end();
  const [out, err] = await output;
  return { exitCode, stdout: out, stderr: err };
}
