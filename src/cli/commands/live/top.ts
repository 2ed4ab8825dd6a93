/** `kubectl rtvm top`: how often and how long something else had a vCPU's CPU. */
import { Argument, Option } from 'commander';
import type { Command } from 'commander';
import type { Io } from '../../io.ts';
import { outputOption } from '../options.ts';
import { addScopeOptions, secondsBetween } from './live-options.ts';
import type { ScopeOptions } from './live-options.ts';

export interface TopOptions extends ScopeOptions {
  readonly output: 'table' | 'json' | 'yaml';
  readonly interval: number;
}

export function register(program: Command, io: Io): void {
  const command = program.command('top')
    .summary('show how often, and for how long, vCPUs had no CPU')
    .description("Reads the agents' metrics twice, through the API server, and shows for each vCPU what something else took of its CPU in between: preemptions a second, and run delay (time for which it could have run and had no CPU).")
    .addArgument(new Argument('[vm...]', 'names, or NAMESPACE/NAME (default: all of the namespace)'))
    .addOption(new Option('--interval <seconds>', 'between the two readings').argParser(secondsBetween(0.1, 3600)).default(2))
    .addOption(outputOption(['table', 'json', 'yaml']));
  addScopeOptions(command)
    .addHelpText('after', '\nExample:\n  kubectl rtvm top du-1 --interval 10\n\nNeeds the permission to get pods and pods/proxy in the namespace of the agents.')
    .action(async (names: string[], options: TopOptions) => {
      const { top } = await import('../../live/top/top.ts');
      io.exitCode = await top(names, options, io);
    });
}
