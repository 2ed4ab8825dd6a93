/** `rtvm delete`: ends VMs of this host and removes all that is theirs. */
import { Argument, Option } from 'commander';
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { addNodeOptions } from './node-options.ts';
import type { NodeOptions } from './node-options.ts';

export interface DeleteOptions extends NodeOptions {
  readonly wait: boolean;
}

export function register(program: Command, io: Io): void {
  const command = program.command('delete')
    .summary('end VMs of this host and remove all that is theirs')
    .description('Ends VMs: the guest is asked to switch off and is ended when its grace is over; then its domain, its disks, node-local ones too, and its CPUs are given back. Where "rtvm run" is at work, that does it.')
    .addArgument(new Argument('<vm...>', '[namespace/]name'))
    .addOption(new Option('--no-wait', 'do not wait for the end, where another rtvm does the work'));
  addNodeOptions(command)
    .addHelpText('after', '\nExample:\n  rtvm delete default/probe')
    .action(async (names: string[], options: DeleteOptions) => {
      const { deleteVms } = await import('../run/delete.ts');
      io.exitCode = await deleteVms(names, options, io);
    });
}
