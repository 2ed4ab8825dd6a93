// docs/cli.md is held to the program: what it shows is what is printed.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { capturedRun } from '../../src/cli/captured-run.ts';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/cli.md'), 'utf8');

/** The page's paths are those of a person in the checkout. */
const startedIn = process.cwd();
beforeAll(() => process.chdir(root));
afterAll(() => process.chdir(startedIn));

const blocks = (language: string) => [...page.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)\n\`\`\`$`, 'gms'))].map(([, block]) => block!);
const words = (command: string) => command.split(' ').filter((word) => word !== '');

interface Example {
  readonly command: string;
  readonly stdin: string;
  readonly output: string;
}

/** `$ rtvm …`, a here-document if there is one, then what is printed. */
function readExample(block: string): Example {
  const match = /^\$ rtvm ([^\n]*?)(?: <<'END'\n(.*?)\nEND)?\n(.*)$/s.exec(block);
  if (match === null) throw new Error(`not an example: ${block}`);
  return { command: match[1]!, stdin: match[2] ?? '', output: match[3]! };
}

/** What the page shows of an output: its own text, where each line of `...` has been given the lines that it stands for. */
function filledIn(shown: string, printed: string): string {
  return shown.split('\n...\n').reduce((before, part) => `${before}${printed.slice(before.length, Math.max(before.length, printed.indexOf(`\n${part}`, before.length) + 1))}${part}`);
}

describe('docs/cli.md', () => {
  const examples = blocks('console').map(readExample);

  it.each(examples)('shows what "rtvm $command" prints', async ({ command, stdin, output }) => {
    const { exitCode, stdout, stderr } = await capturedRun(words(command), { stdin, env: { LANG: 'C.UTF-8' } });
    expect(exitCode).not.toBe(2);
    expect(stdout + stderr).toBe(`${filledIn(output, stdout)}\n`);
  });

  const shown = blocks('sh').flatMap((block) => block.split('\n')).map((line) => line.replace(/^rtvm /, '').replace(/ > .*$/, ''));
  it.each(shown)('names commands and options that there are: rtvm %s', async (command) => {
    const options = words(command).filter((word) => word.startsWith('-'));
    const names = words(command).slice(0, words(command).findIndex((word) => word.startsWith('-')));
    const { exitCode, stdout } = await capturedRun([...names, '--help']);
    expect(exitCode).toBe(0);
    expect(stdout.split(/[\s,]+/)).toEqual(expect.arrayContaining(options));
  });

  it('lists every command in the order of --help', async () => {
    const { stdout } = await capturedRun(['--help']);
    const helped = [...stdout.slice(stdout.indexOf('Commands:')).matchAll(/^ {2}([a-z]+)/gm)].map(([, name]) => name).filter((name) => name !== 'help');
    const listed = [...page.matchAll(/^\| \[?`([a-z]+)`/gm)].map(([, name]) => name).filter((name) => helped.includes(name));
    expect(listed).toEqual(helped);
  });
});
