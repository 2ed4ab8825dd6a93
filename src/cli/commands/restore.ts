/** `rtvm restore`: the same as `kubectl rtvm restore`, of one host's state directory. */
import { Argument, Option } from 'commander';
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { addStateDirOption } from './node-options.ts';
import type { StateOptions } from './node-options.ts';
import { outputOption } from './options.ts';

export interface LocalRestoreOptions extends Pick<StateOptions, 'stateDir'> {
  readonly output: 'text' | 'json' | 'yaml';
  readonly yes: boolean;
}

export function register(program: Command, io: Io): void {
  const command = program.command('restore')
    .summary('show whether the state directory was restored, and accept that')
    .description('Shows whether a restore of this host\'s state directory is open, VMs whose run does not say what lives, and domains that are kept since their VMs are gone. While one is open nothing is started or stopped. "accept" ends it; "rtvm run" carries that out.')
    .addArgument(new Argument('[accept]', 'end it: what the state directory says counts from then on').choices(['accept']))
    .addOption(new Option('-y, --yes', 'with accept: do not ask').default(false))
    .addOption(outputOption(['text', 'json', 'yaml']));
  addStateDirOption(command)
    .addHelpText('after', '\nExample:\n  rtvm restore accept\n\nExits with 1 when one is open, and with 0 when one was accepted.')
    .action(async (accept: string | undefined, options: LocalRestoreOptions) => {
      const { acceptLocal, showLocal } = await import('../run/restore-local.ts');
      io.exitCode = accept === undefined ? await showLocal(options, io) : await acceptLocal(options, io);
    });
}
