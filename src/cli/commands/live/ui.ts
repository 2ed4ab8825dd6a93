/** `kubectl rtvm ui`: the page on this machine, of the cluster that kubectl talks to. */
import type { Command } from 'commander';
import type { Io } from '../../io.ts';
import { pageAddressOption } from '../ui.ts';
import type { UiOptions } from '../ui.ts';
import { addClusterOptions } from './live-options.ts';
import type { ClusterOptions } from './live-options.ts';

export function register(program: Command, io: Io): void {
  const command = program.command('ui')
    .summary('show nodes and VMs on a page in the browser')
    .description('Serves a page on this machine alone that shows every realtime node as its CPUs, who has them, and what needs a person; it follows what changes, and changes nothing itself. '
      + 'What it shows is read with your permissions. Ctrl-C ends it.')
    .addOption(pageAddressOption());
  addClusterOptions(command)
    .addHelpText('after', '\nExamples:\n  kubectl rtvm ui\n  kubectl rtvm ui --context lab --address 127.0.0.1:9000\n\nNeeds the permission to list and watch realtimevms in all namespaces, realtimenodes, realtimeallocations and nodes.')
    .action(async ({ systemNamespace, ...options }: ClusterOptions & Pick<UiOptions, 'address'>) => {
      const { runUi } = await import('../../ui/run-ui.ts');
      io.exitCode = await runUi({ ...options, leaseNamespace: systemNamespace }, io);
    });
}
