// Every command that a page names is one that there is, with options that it has.
import { describe, expect, it } from 'vitest';
import { capturedRun } from '../../../src/cli/captured-run.ts';
import { commandsOf, pages } from './pages.ts';

/** What pages may tell people to run. `kubectl` and `helm` are run by test/integration/docs-kubectl.test.ts. */
const others = ['kubectl', 'helm', 'npm', 'make', 'apt-get', 'sysctl', 'mount', 'systemctl', 'install', 'ln', 'tail', 'echo', 'tuned-adm'];

const commands = pages.flatMap((page) => commandsOf(page, ['rtvm', 'bin/rtvm']));
const ours = commands.filter(({ words }) => /^(?:bin\/)?rtvm$/.test(words[0]!)).map(({ where, words }) => ({ where, args: words.slice(1), shown: words.join(' ') }));

/** Options of `rtvm NAMES…`, as its help lists them; undefined where there is no such command. */
async function optionsOf(names: readonly string[]): Promise<ReadonlySet<string> | undefined> {
  const { exitCode, stdout } = await capturedRun([...names, '--help']);
  return exitCode === 0 ? new Set(stdout.match(/(?<=[\s,])--?[a-z][a-z-]*/g)) : undefined;
}

async function subcommandsOf(names: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await capturedRun([...names, '--help']);
  const at = stdout.indexOf('\nCommands:');
  return at < 0 ? [] : [...stdout.slice(at).matchAll(/^ {2}([a-z][a-z-]*)/gm)].map(([, name]) => name!);
}

describe('commands in pages', () => {
  it('are of programs that a reader has', () => {
    expect(commands.filter(({ words }) => !/^(?:bin\/)?rtvm$/.test(words[0]!) && !others.includes(words[0]!))).toEqual([]);
    expect(ours.length).toBeGreaterThan(30);
  });

  it.each(ours)('$where: $shown', async ({ args }) => {
    const names: string[] = [];
    for (const word of args) {
      if (word.startsWith('-') || !(await subcommandsOf(names)).includes(word)) break;
      names.push(word);
    }
    if (args[0] !== undefined && !args[0].startsWith('-')) expect(names).not.toEqual([]);
    const options = await optionsOf(names);
    expect([...(options ?? [])]).toEqual(expect.arrayContaining(args.filter((word) => /^--?[a-z]/.test(word)).map((word) => word.replace(/=.*/, ''))));
  });

  it('has every command of rtvm in docs/cli.md, in the order of --help', async () => {
    const helped = (await subcommandsOf([])).filter((name) => name !== 'help');
    const page = pages.find(({ path }) => path === 'docs/cli.md')!;
    const listed = [...page.text.matchAll(/^\| \[?`([a-z-]+)`/gm)].map(([, name]) => name!).filter((name) => helped.includes(name));
    expect(listed).toEqual(helped);
  });
});
