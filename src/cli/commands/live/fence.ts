/** `kubectl rtvm fence`: a person's word that a machine is off whose Node is gone. */
import { Argument, Option } from 'commander';
import type { Command } from 'commander';
import type { Io } from '../../io.ts';
import { addLiveOptions } from './live-options.ts';
import type { LiveOptions } from './live-options.ts';

export interface FenceOptions extends LiveOptions {
  readonly undo: boolean;
  readonly yes: boolean;
}

export function register(program: Command, io: Io): void {
  const command = program.command('fence')
    .summary('say that a machine is off whose Node is gone')
    .description('Says of a node that the cluster has no Node of any more that its machine is off: its VMs are started elsewhere then. Written as the annotation rtvm.dev/out-of-service of its RealtimeNode. While there is a Node, the same is said by the taint node.kubernetes.io/out-of-service.')
    .addArgument(new Argument('<node>', 'name of the RealtimeNode'))
    .addOption(new Option('--undo', 'take it back').default(false))
    .addOption(new Option('-y, --yes', 'do not ask').default(false));
  addLiveOptions(command)
    .addHelpText('after', '\nExample:\n  kubectl rtvm fence worker-3')
    .action(async (name: string, options: FenceOptions) => {
      const { fence } = await import('../../live/fence/fence.ts');
      io.exitCode = await fence(name, options, io);
    });
}
