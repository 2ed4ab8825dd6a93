// Every `kubectl rtvm` that a page names is a command that there is, with options that it has; and its own page has them all.
import { expect, it } from 'vitest';
import { capturedRun } from '../../../src/cli/captured-run.ts';
import { kubectlForm } from '../../../src/cli/program-form.ts';
import { commandsOf, pages } from './pages.ts';

const help = async (...args: readonly string[]) => capturedRun([...args, '--help'], { form: kubectlForm });
const commands = [...new Map(pages.flatMap((page) => commandsOf(page, ['kubectl rtvm'])).filter(({ words }) => words[0] === 'kubectl' && words[1] === 'rtvm' && words.length > 2).map(({ where, words }) => [words.join(' '), { where, shown: words.join(' '), args: words.slice(2) }])).values()];

it.each(commands.filter(({ args }) => !/^[A-Z-]/.test(args[0]!)))('$where: $shown', async ({ args }) => {
  const { exitCode, stdout } = await help(args[0]!);
  expect(exitCode).toBe(0);
  const options = [...stdout.matchAll(/(?<=[\s,])--?[a-zA-Z][a-z-]*/g)].map(([option]) => option);
  expect(options).toEqual(expect.arrayContaining(args.filter((word) => /^--?[a-zA-Z]/.test(word)).map((word) => word.replace(/=.*/, ''))));
});

it('docs/kubectl-rtvm.md has every command, in the order of --help', async () => {
  const { stdout } = await help();
  const helped = [...stdout.slice(stdout.indexOf('Commands:')).matchAll(/^ {2}([a-z-]+)/gm)].map(([, name]) => name!).filter((name) => name !== 'help');
  const rows = [...pages.find(({ path }) => path === 'docs/kubectl-rtvm.md')!.text.matchAll(/^\| \[([^\]]*)\]/gm)].flatMap(([, cell]) => cell!.match(/[a-z-]+/g) ?? []);
  expect(rows).toEqual(helped);
  expect(commands.length).toBeGreaterThan(5);
});
