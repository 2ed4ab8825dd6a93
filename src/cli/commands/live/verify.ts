/** `kubectl rtvm verify`: whether the guarantee holds. */
import { Argument, Option } from 'commander';
import type { Command } from 'commander';
import type { Io } from '../../io.ts';
import { outputOption } from '../options.ts';
import { addScopeOptions } from './live-options.ts';
import type { ScopeOptions } from './live-options.ts';

export interface LiveVerifyOptions extends ScopeOptions {
  readonly output: 'table' | 'json' | 'yaml';
  readonly live?: boolean;
}

export function register(program: Command, io: Io): void {
  const command = program.command('verify')
    .summary('show what the last audits found; with --live, audit now')
    .description('Shows of every VM whether its live threads and memory were as asked for when its agent last read them, and each finding. '
      + 'With --live, "rtvm verify" runs in the agents through kubectl exec, and reads every thread now.')
    .addArgument(new Argument('[vm...]', 'names, or NAMESPACE/NAME (default: all of the namespace)'))
    .addOption(new Option('--live', 'audit now, in the agents; needs the permission to exec into their pods'))
    .addOption(outputOption(['table', 'json', 'yaml']));
  addScopeOptions(command)
    .addHelpText('after', '\nExamples:\n  kubectl rtvm verify -A\n  kubectl rtvm verify du-1 --live\n\nExits with 1 when a VM that should run is not verified.')
    .action(async (names: string[], options: LiveVerifyOptions) => {
      const { verifyLive } = await import('../../live/verify/verify-live.ts');
      io.exitCode = await verifyLive(names, options, io);
    });
}
