/** Options that several commands have, spelled and explained alike. */
import { Option } from 'commander';

export interface InputOptions {
  readonly file: string[];
}

/** `-f`, required: repeated, or with several paths at once (`-f *.yaml`). */
export function fileOption(): Option {
  return new Option('-f, --file <path...>', 'manifests: files, directories (*.yaml, *.yml, *.json), or - for standard input').makeOptionMandatory();
}

/** `-o` with the forms that the command has; the first is the default. */
export function outputOption(forms: readonly string[]): Option {
  return new Option('-o, --output <form>', 'form of the output').choices(forms).default(forms[0]);
}
