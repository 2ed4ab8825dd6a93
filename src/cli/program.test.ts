import { describe, expect, it } from 'vitest';
import { capturedRun as run } from './captured-run.ts';
import { rtvmForm } from './program-form.ts';
import type { ProgramForm } from './program-form.ts';
import { CommandError, isForPeople, UsageError } from './exit.ts';

const throwing = (error: unknown): ProgramForm => ({
  ...rtvmForm,
  commands: [(program) => {
    program.command('fail').action(() => {
      throw error;
    });
  }],
});

describe('wrong calls', () => {
  it.each([
    [['--colr'], "rtvm: unknown option '--colr'\n(Did you mean --color?)\n(rtvm --help lists commands and options)\n"],
    [['--color=sometimes'], "rtvm: option '--color <when>' argument 'sometimes' is invalid. Allowed choices are auto, always, never.\n(rtvm --help lists commands and options)\n"],
  ])('%j', async (args, stderr) => {
    expect(await run(args)).toEqual({ exitCode: 2, stdout: '', stderr });
  });

  it('prints the version and help to standard output, and fine', async () => {
    expect(await run(['--version'])).toMatchObject({ exitCode: 0, stderr: '', stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as string });
    expect(await run(['--help'])).toMatchObject({ exitCode: 0, stderr: '' });
  });
});

describe('errors', () => {
  it('prints the message of ours alone', async () => {
    expect(await run(['fail'], { form: throwing(new CommandError('FILE_MISSING', 'vm.yaml: no such file')) })).toEqual({ exitCode: 1, stdout: '', stderr: 'rtvm: vm.yaml: no such file\n' });
  });

  it('exits with 2 where the call was wrong', async () => {
    expect(await run(['fail'], { form: throwing(new UsageError('--host needs a file')) })).toEqual({ exitCode: 2, stdout: '', stderr: 'rtvm: --host needs a file\n' });
  });

  it('prints one line of an unexpected error, and how to get its stack', async () => {
    expect(await run(['fail'], { form: throwing(new TypeError('x is not\na function')) })).toEqual({
      exitCode: 1, stdout: '', stderr: 'rtvm: unexpected error: x is not a function (RTVM_DEBUG=1 shows the stack)\n',
    });
  });

  it('prints the stack and its causes with RTVM_DEBUG=1', async () => {
    const error = new Error('outer', { cause: new Error('inner') });
    const { stderr } = await run(['fail'], { env: { RTVM_DEBUG: '1' }, form: throwing(error) });
    expect(stderr).toBe(`rtvm: unexpected error: outer\n${error.stack!}\nCaused by: ${(error.cause as Error).stack!}\n`);
  });

  it.each([
    [new CommandError('FILE_MISSING', 'm'), true],
    [Object.assign(new Error('m'), { code: 'HOST_UNREADABLE' }), true],
    [Object.assign(new Error('ENOENT: no such file'), { code: 'ENOENT', errno: -2 }), false],
    [Object.assign(new Error('m'), { code: 'ERR_INVALID_ARG_TYPE' }), false],
    [new Error('m'), false],
    ['m', false],
  ])('%s is for people: %s', (error, forPeople) => {
    expect(isForPeople(error)).toBe(forPeople);
  });
});
