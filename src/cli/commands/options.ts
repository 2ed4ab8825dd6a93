/** Options that several commands have, spelled and explained alike. */
import { Option } from 'commander';
import { UsageError } from '../exit.ts';

export interface InputOptions {
  readonly file?: string[];
}

/**
 * `-f`: repeated, or with several paths at once (`-f *.yaml`). Required, which {@link requiredFiles} checks: commander
 * would say that `-f` is missing where `--flie vm.yaml` was typed.
 */
export function fileOption(): Option {
  return new Option('-f, --file <path...>', 'manifests (required): files, directories (*.yaml, *.yml, *.json), or - for standard input');
}

/** @throws UsageError where `-f` was not given. */
export function requiredFiles({ file = [] }: InputOptions): readonly string[] {
  if (file.length === 0) throw new UsageError('-f FILE is required: manifests to read, or - for standard input');
  return file;
}

/** `-o` with the forms that the command has; the first is the default. */
export function outputOption(forms: readonly string[]): Option {
  return new Option('-o, --output <form>', 'form of the output').choices(forms).default(forms[0]);
}

/** `--off a,b --off c`: names with commas between, from each time that the option is given. */
export function namesBetweenCommas(text: string, before: readonly string[]): readonly string[] {
  return [...before, ...text.split(',').map((name) => name.trim()).filter((name) => name !== '')];
}
