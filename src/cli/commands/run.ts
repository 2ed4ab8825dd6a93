/** `rtvm run`: runs VMs on this host, without a cluster. */
import { Option } from 'commander';
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { addAuditOption, addNodeOptions } from './node-options.ts';
import type { NodeOptions } from './node-options.ts';

export interface RunOptions extends NodeOptions {
  readonly file?: string[];
  readonly detach?: boolean;
  readonly auditInterval: number;
}

export function register(program: Command, io: Io): void {
  const command = program.command('run')
    .summary('run VMs on this host and keep proving them')
    .description('Runs VMs on this host: places them, has libvirt run them, reads their live threads, and goes on doing so. '
      + 'What the files say is kept in the state directory; without -f, what is kept there is run, as the systemd unit does. Ctrl-C ends rtvm, never a VM; "rtvm delete" ends a VM.')
    .addOption(new Option('-f, --file <path...>', 'manifests to take up: files, directories, or - for standard input'))
    .addOption(new Option('--detach', 'end as soon as all VMs of the files run and are verified; the VMs run on, unaudited'));
  addAuditOption(addNodeOptions(command))
    .addHelpText('after', '\nExamples:\n  rtvm run -f vm.yaml\n  rtvm run -f host.yaml -f vms/ --detach\n\nExits with 1 when a VM of the files cannot be run as asked for: it is then taken back, and nothing of it is left.')
    .action(async (options: RunOptions) => {
      const { run } = await import('../run/run.ts');
      io.exitCode = await run(options, io);
    });
}
