// The documentation as tests read it: every page, its blocks of code, its words in code, its commands.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '../../..');

export interface Block {
  readonly language: string;
  readonly text: string;
  /** Of the fence that opens it. */
  readonly line: number;
}

export interface Page {
  /** Relative to the repository. */
  readonly path: string;
  readonly text: string;
  readonly blocks: readonly Block[];
  /** Without blocks of code. */
  readonly prose: string;
}

/** What people read, beside the chart's README, which the chart's own tests hold. */
export const pages: readonly Page[] = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md', ...globSync('docs/**/*.md', { cwd: root }).toSorted()].map(readPage);

function readPage(path: string): Page {
  const text = readFileSync(join(root, path), 'utf8');
  const blocks: Block[] = [];
  const prose = text.replaceAll(/^```(\w*)\n(.*?)\n?^```$/gms, (all: string, language: string, block: string, offset: number) => {
    blocks.push({ language, text: block, line: text.slice(0, offset).split('\n').length });
    return '\n'.repeat(all.split('\n').length - 1);
  });
  return { path, text, blocks, prose };
}

/** What stands between single backticks. */
export function codeSpans({ prose }: Page): readonly string[] {
  return [...prose.matchAll(/`([^`\n]+)`/g)].map(([, span]) => span!);
}

export interface Command {
  readonly where: string;
  readonly words: readonly string[];
}

/** Commands of blocks in `sh`, one by one, and of words in code that begin with one of `programs`. */
export function commandsOf(page: Page, programs: readonly string[]): readonly Command[] {
  const inBlocks = page.blocks.filter(({ language }) => language === 'sh').flatMap(({ text, line }) => text.replaceAll('\\\n', ' ').split('\n').flatMap((command) => simpleCommands(command).map((words): Command => ({ where: `${page.path}:${line}`, words }))));
  const inProse = codeSpans(page).filter((span) => programs.some((program) => span.startsWith(`${program} `))).flatMap((span) => simpleCommands(span).map((words): Command => ({ where: page.path, words })));
  return [...inBlocks, ...inProse];
}

/** The commands of one line of shell: without comments and redirections, apart at `|`, `&&` and `;`. */
export function simpleCommands(line: string): readonly (readonly string[])[] {
  const words = line.match(/'[^']*'|"[^"]*"|[^\s'"]+(?:'[^']*'|"[^"]*"|[^\s'"]+)*/g) ?? [];
  const commands: string[][] = [[]];
  for (const [index, word] of words.entries()) {
    if (word.startsWith('#')) break;
    if (['|', '&&', '||', ';'].includes(word)) commands.push([]);
    else if (!/^\d?>>?$/.test(word) && !/^\d?>>?$/.test(words[index - 1] ?? '')) commands.at(-1)!.push(unquoted(word));
  }
  return commands.filter((command) => command.length > 0);
}

/** `'{"a": 1}'` is what stands between its quotes; in `--set="a b"` they go too. */
function unquoted(word: string): string {
  return /^(['"])[^]*\1$/.test(word) ? word.slice(1, -1) : word.replaceAll(/['"]/g, '');
}
