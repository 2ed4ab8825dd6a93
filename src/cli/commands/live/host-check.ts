/** `kubectl rtvm host-check`: what nodes say of themselves. */
import { Argument } from 'commander';
import type { Command } from 'commander';
import type { Io } from '../../io.ts';
import { outputOption } from '../options.ts';
import { addLiveOptions } from './live-options.ts';
import type { LiveOptions } from './live-options.ts';

export interface HostCheckOptions extends LiveOptions {
  readonly output: 'table' | 'json' | 'yaml';
}

export function register(program: Command, io: Io): void {
  const command = program.command('host-check')
    .summary('show what nodes publish of themselves: checks, latency, conditions, orphans')
    .description('Shows what the agents publish of their hosts: conditions, each host check with its remedy, the measured latency, versions, and domains that no allocation names.')
    .addArgument(new Argument('[node...]', 'RealtimeNodes (default: all)'))
    .addOption(outputOption(['table', 'json', 'yaml']));
  addLiveOptions(command)
    .addHelpText('after', '\nExample:\n  kubectl rtvm host-check worker-1\n\nExits with 1 when a check fails, an agent is silent, or a domain is orphaned.')
    .action(async (names: string[], options: HostCheckOptions) => {
      const { hostCheck } = await import('../../live/host-check/host-check.ts');
      io.exitCode = await hostCheck(names, options, io);
    });
}
