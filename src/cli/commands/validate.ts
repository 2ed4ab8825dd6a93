/** `rtvm validate`: checks manifests without a cluster or a host. */
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { fileOption, outputOption } from './options.ts';
import type { InputOptions } from './options.ts';

export interface ValidateOptions extends InputOptions {
  readonly output: 'text' | 'json';
}

export function register(program: Command, io: Io): void {
  program.command('validate')
    .summary('check manifests, without a cluster or a host')
    .description('Checks manifests: every field, and every VM together with its class and images. A class or image that is not among the files is a warning: what depends on it was not checked.')
    .addOption(fileOption())
    .addOption(outputOption(['text', 'json']))
    .addHelpText('after', '\nExamples:\n  rtvm validate -f vm.yaml\n  helm template my-vms | rtvm validate -f - -o json')
    .action(async (options: ValidateOptions) => {
      const { validate } = await import('../validate/validate.ts');
      io.exitCode = await validate(options, io);
    });
}
