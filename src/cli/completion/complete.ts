/** The words that may come next on a command line. */
import type { Command, Option } from 'commander';
import type { Io } from '../io.ts';
import { completeNames } from './complete-names.ts';
import type { NameKind } from './complete-names.ts';

/** Of cobra: shells go on with names of files, or do not. */
const [withFiles, withoutFiles] = [':0', ':4'];

interface Candidate {
  readonly word: string;
  readonly about: string;
}

/**
 * Answers as cobra's `__complete`: a word a line, with what it is behind a tab, then the directive.
 * @param words of the command line behind the program; the last, which may be empty, is the one to be completed.
 */
export async function complete(root: Command, words: readonly string[], io: Io): Promise<string> {
  const current = words.at(-1) ?? '';
  const walked = walk(root, words.slice(0, -1));
  const [option, prefix] = optionBefore(walked, current);
  if (option !== undefined) {
    const { candidates, files } = await valuesOf(option, prefix, walked, io);
    return answer(candidates.map(({ word, about }) => ({ word: `${current.slice(0, current.length - prefix.length)}${word}`, about })), current, files);
  }
  if (current.startsWith('-')) return answer(optionsOf(walked.command), current, false);
  const commands = walked.command.createHelp().visibleCommands(walked.command).filter((command) => walked.taken === 0 && command.name() !== 'help');
  if (commands.length > 0) return answer(commands.map((command) => ({ word: command.name(), about: command.summary() || command.description() })), current, false);
  const argument = walked.command.registeredArguments.at(Math.min(walked.taken, walked.command.registeredArguments.length - 1));
  if (argument === undefined || (!argument.variadic && walked.taken >= walked.command.registeredArguments.length)) return answer([], current, false);
  if (argument.argChoices !== undefined) return answer(argument.argChoices.map((word) => ({ word, about: '' })), current, false);
  return answer(await namesFor(argument.name(), walked, current, io), current, false);
}

interface Walked {
  readonly command: Command;
  /** How many arguments there are before the word. */
  readonly taken: number;
  /** An option that waits for its value. */
  readonly waiting: Option | undefined;
  /** Long names of options with the last value of each. */
  readonly values: ReadonlyMap<string, string>;
}

/** Follows the words as commander would. */
function walk(root: Command, words: readonly string[]): Walked {
  let [command, taken]: [Command, number] = [root, 0];
  let waiting: Option | undefined;
  const values = new Map<string, string>();
  for (const word of words) {
    if (waiting !== undefined) {
      values.set(waiting.attributeName(), word);
      waiting = undefined;
      continue;
    }
    if (word.startsWith('-') && word !== '-') {
      const [flag, value] = splitOption(word);
      const option = findOption(command, flag);
      if (option !== undefined && takesValue(option)) {
        if (value === undefined) waiting = option;
        else values.set(option.attributeName(), value);
      }
      continue;
    }
    const next = taken === 0 ? command.commands.find((candidate) => candidate.name() === word) : undefined;
    if (next === undefined) taken += 1;
    else command = next;
  }
  return { command, taken, waiting, values };
}

/** The option whose value is being typed, and as much of the value as there is: `--output js`, `--output=js`. */
function optionBefore({ command, waiting }: Walked, current: string): readonly [Option | undefined, string] {
  if (waiting !== undefined) return [waiting, current];
  const [flag, value] = splitOption(current);
  const option = value === undefined ? undefined : findOption(command, flag);
  return option === undefined ? [undefined, ''] : [option, value ?? ''];
}

function splitOption(word: string): readonly [flag: string, value: string | undefined] {
  const at = word.startsWith('--') ? word.indexOf('=') : -1;
  return at === -1 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}

/** Options of the commands above hold below, too. */
function findOption(command: Command, flag: string): Option | undefined {
  for (let each: Command | null = command; each !== null; each = each.parent) {
    const found = each.options.find(({ short, long }) => short === flag || long === flag);
    if (found !== undefined) return found;
  }
  return undefined;
}

function takesValue({ required, optional }: Option): boolean {
  return required || optional;
}

function optionsOf(command: Command): readonly Candidate[] {
  return command.createHelp().visibleOptions(command).flatMap(({ long, description }) => (long === undefined ? [] : [{ word: long, about: description }]));
}

/** Values that are names of things in a cluster, by the option that takes them. */
const namesOfOptions: Readonly<Record<string, NameKind>> = { namespace: 'namespace', systemNamespace: 'namespace', context: 'context' };

async function valuesOf(option: Option, prefix: string, walked: Walked, io: Io): Promise<{ readonly candidates: readonly Candidate[]; readonly files: boolean }> {
  if (option.argChoices !== undefined) return { candidates: option.argChoices.map((word) => ({ word, about: '' })), files: false };
  const kind = namesOfOptions[option.attributeName()];
  if (kind !== undefined && isLive(walked.command)) return { candidates: plain(await completeNames(kind, prefix, walked.values, io)), files: false };
  return { candidates: [], files: /<(path|file|directory)/.test(option.flags) };
}

/** VMs and nodes are asked of the cluster where the command is one that looks at a cluster. */
async function namesFor(argument: string, walked: Walked, current: string, io: Io): Promise<readonly Candidate[]> {
  if (!isLive(walked.command) || (argument !== 'vm' && argument !== 'node')) return [];
  return plain(await completeNames(argument, current, walked.values, io));
}

function isLive(command: Command): boolean {
  return command.options.some(({ long }) => long === '--kubeconfig') && command.options.some(({ long }) => long === '--namespace');
}

function plain(words: readonly string[]): readonly Candidate[] {
  return words.map((word) => ({ word, about: '' }));
}

function answer(candidates: readonly Candidate[], current: string, files: boolean): string {
  const fitting = candidates.filter(({ word }) => word.startsWith(current));
  return [...fitting.map(({ word, about }) => (about === '' ? word : `${word}\t${about.split('\n')[0]!}`)), files ? withFiles : withoutFiles].join('\n');
}
