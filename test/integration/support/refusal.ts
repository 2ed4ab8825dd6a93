// What every refusal of the command line has in common.
import { expect } from 'vitest';
import type { CommandResult } from './local-host.ts';

/** Exit 1, nothing on standard output, every one of the words on standard error, and no stack trace. */
export function expectRefused(result: CommandResult, ...words: readonly (string | RegExp)[]): void {
  expect(result).toMatchObject({ exitCode: 1, stdout: '' });
  expect(result.stderr).not.toMatch(/^\s+at |unexpected error/m);
  for (const word of words) {
    if (typeof word === 'string') expect(result.stderr).toContain(word);
    else expect(result.stderr).toMatch(word);
  }
}

/** Lines of standard error that say why: `rtvm: …` and problems of files, without the steps before. */
export function reasonsIn({ stderr }: CommandResult): readonly string[] {
  return stderr.trimEnd().split('\n').filter((line) => !/^Realtime\w+ \S+: /.test(line) && !line.startsWith('rtvm: emulation was asked for'));
}
