/** `kubectl rtvm restore`: what is known of a restore of the store, and a person's word that ends it. */
import { Argument, Option } from 'commander';
import type { Command } from 'commander';
import type { Io } from '../../io.ts';
import { namesBetweenCommas, outputOption } from '../options.ts';
import { addLiveOptions } from './live-options.ts';
import type { LiveOptions } from './live-options.ts';

export interface RestoreOptions extends LiveOptions {
  readonly output: 'text' | 'json' | 'yaml';
  readonly off: readonly string[];
  readonly yes: boolean;
}

export function register(program: Command, io: Io): void {
  const command = program.command('restore')
    .summary('show whether the store was restored, and accept that')
    .description('Shows whether a restore of the store (etcd) is open, which nodes have not answered it, VMs whose run does not say what lives, and domains that are kept since their VMs are gone. While one is open nothing is started or stopped. "accept" ends it.')
    .addArgument(new Argument('[accept]', 'end it: what the store says counts from then on').choices(['accept']))
    .addOption(new Option('--off <nodes>', 'with accept: nodes, with commas between, whose machines are off and have not answered').argParser(namesBetweenCommas).default([], 'none'))
    .addOption(new Option('-y, --yes', 'with accept: do not ask').default(false))
    .addOption(outputOption(['text', 'json', 'yaml']));
  addLiveOptions(command)
    .addHelpText('after', '\nExamples:\n  kubectl rtvm restore\n  kubectl rtvm restore accept --off worker-3\n\nExits with 1 when one is open, and with 0 when one was accepted.')
    .action(async (accept: string | undefined, options: RestoreOptions) => {
      const { acceptLive, showLive } = await import('../../live/restore/restore-live.ts');
      io.exitCode = accept === undefined ? await showLive(options, io) : await acceptLive(options, io);
    });
}
