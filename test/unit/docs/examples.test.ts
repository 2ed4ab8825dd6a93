// What pages show of the command line is what is printed: each example is run, in the checkout as its reader has it.
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { capturedRun } from '../../../src/cli/captured-run.ts';
import { pages, root } from './pages.ts';

const startedIn = process.cwd();
beforeAll(() => process.chdir(root));
afterAll(() => process.chdir(startedIn));

const words = (command: string) => command.split(' ').filter((word) => word !== '');

interface Example {
  readonly where: string;
  readonly command: string;
  readonly stdin: string;
  readonly output: string;
}

/** `$ rtvm …`, a here-document if there is one, then what is printed. */
function readExample(where: string, block: string): Example {
  const match = /^\$ rtvm ([^\n]*?)(?: <<'END'\n(.*?)\nEND)?\n(.*)$/s.exec(block);
  if (match === null) throw new Error(`${where}: not an example: ${block}`);
  return { where, command: match[1]!, stdin: match[2] ?? '', output: match[3]! };
}

/** What the page shows of an output: its own text, where each line of `...` has been given the lines that it stands for. */
function filledIn(shown: string, printed: string): string {
  return shown.split('\n...\n').reduce((before, part) => `${before}${printed.slice(before.length, Math.max(before.length, printed.indexOf(`\n${part}`, before.length) + 1))}${part}`);
}

const examples = pages.flatMap(({ path, blocks }) => blocks.filter(({ language, text }) => language === 'console' && text.startsWith('$ rtvm ')).map(({ text, line }) => readExample(`${path}:${line}`, text)));

describe('examples', () => {
  it('are there', () => {
    expect(new Set(examples.map(({ where }) => where.replace(/:.*/, '')))).toEqual(new Set(['docs/cli.md', 'docs/first-vm.md']));
    expect(examples.length).toBeGreaterThanOrEqual(8);
  });

  it.each(examples)('$where: "rtvm $command" prints what is shown', async ({ command, stdin, output }) => {
    const { exitCode, stdout, stderr } = await capturedRun(words(command), { stdin, env: { LANG: 'C.UTF-8' } });
    expect(exitCode).not.toBe(2);
    expect(stdout + stderr).toBe(`${filledIn(output, stdout)}\n`);
  });
});
