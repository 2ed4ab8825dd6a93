/** `kubectl rtvm get`: the VMs, with why one is not ready. */
import { Argument, Option } from 'commander';
import type { Command } from 'commander';
import type { Io } from '../../io.ts';
import { outputOption } from '../options.ts';
import { addScopeOptions } from './live-options.ts';
import type { ScopeOptions } from './live-options.ts';

export interface GetOptions extends ScopeOptions {
  readonly output: 'table' | 'wide' | 'json' | 'yaml' | 'name';
  readonly watch?: boolean;
}

export function register(program: Command, io: Io): void {
  const command = program.command('get')
    .summary('list VMs, and why one is not ready')
    .description('Lists RealtimeVMs: where each is, whether it runs and is verified, and in a sentence why not.')
    .addArgument(new Argument('[vm...]', 'names, or NAMESPACE/NAME (default: all of the namespace)'))
    .addOption(outputOption(['table', 'wide', 'json', 'yaml', 'name']))
    .addOption(new Option('-w, --watch', 'go on with every change, until Ctrl-C'));
  addScopeOptions(command)
    .addHelpText('after', '\nExamples:\n  kubectl rtvm get -A\n  kubectl rtvm get du-1 -o wide -w')
    .action(async (names: string[], options: GetOptions) => {
      const { get } = await import('../../live/get/get.ts');
      io.exitCode = await get(names, options, io);
    });
}
