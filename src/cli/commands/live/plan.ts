/** `kubectl rtvm plan`: where VMs would go in the cluster as it is. */
import type { Command } from 'commander';
import type { Io } from '../../io.ts';
import { fileOption, outputOption } from '../options.ts';
import type { InputOptions } from '../options.ts';
import { addLiveOptions } from './live-options.ts';
import type { LiveOptions } from './live-options.ts';

export interface LivePlanOptions extends LiveOptions, InputOptions {
  readonly output: 'table' | 'json' | 'yaml';
}

export function register(program: Command, io: Io): void {
  const command = program.command('plan')
    .summary('show where VMs would go in the cluster as it is, and why not elsewhere')
    .description("Places the files' RealtimeVMs by the controller's own code on the cluster as it is now: its nodes, what is held there, classes and images, labels, taints and cordons. "
      + 'Classes and images among the files count as if they were applied. Nothing is written. Without a cluster: "rtvm plan".')
    .addOption(fileOption())
    .addOption(outputOption(['table', 'yaml', 'json']));
  addLiveOptions(command)
    .addHelpText('after', '\nExample:\n  kubectl rtvm plan -f du.yaml -n ran\n\nExits with 1 when a VM does not fit.')
    .action(async (options: LivePlanOptions) => {
      const { planLive } = await import('../../live/plan/plan-live.ts');
      io.exitCode = await planLive(options, io);
    });
}
