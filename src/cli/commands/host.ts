/** `rtvm host`: what this host is. */
import { Option } from 'commander';
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { outputOption } from './options.ts';

export interface InventoryOptions {
  readonly output: 'yaml' | 'json';
  readonly name?: string;
  readonly dedicated?: string;
  readonly shared?: string;
}

export interface CheckHostOptions {
  readonly output: 'table' | 'json' | 'yaml';
  readonly dedicated?: string;
  readonly shared?: string;
}

export function register(program: Command, io: Io): void {
  const host = program.command('host')
    .summary('look at this host')
    .description('Looks at this host.');
  host.command('inventory')
    .summary('print this host as a RealtimeNode')
    .description('Prints this host as a RealtimeNode, which --host of "rtvm plan" reads on any machine.')
    .addOption(outputOption(['yaml', 'json']))
    .addOption(new Option('--name <name>', 'name of the RealtimeNode (default: the host name)'))
    .addOption(new Option('--dedicated <cpus>', 'pCPUs that guests may have to themselves, such as 2-7 (default: the isolated CPUs)'))
    .addOption(new Option('--shared <cpus>', 'pCPUs that guests share (default: the other CPUs)'))
    .addHelpText('after', '\nExample:\n  rtvm host inventory --dedicated 2-7 --shared 0-1 > host-a.yaml')
    .action(async (options: InventoryOptions) => {
      const { printInventory } = await import('../host/print-inventory.ts');
      io.exitCode = printInventory(options, io);
    });
  host.command('check')
    .summary("check this host's set-up for realtime guests")
    .description('Checks what a host should be for realtime guests: kernel, CPUs, memory, services. Each item says what was found, what it should be, and the command or setting that mends it. '
      + 'Exit status 1 where one has failed. Without root some items cannot be seen.')
    .addOption(outputOption(['table', 'json', 'yaml']))
    .addOption(new Option('--dedicated <cpus>', 'pCPUs that guests may have to themselves (default: the isolated CPUs)'))
    .addOption(new Option('--shared <cpus>', 'pCPUs that guests share (default: the other CPUs)'))
    .action(async (options: CheckHostOptions) => {
      const { checkHost } = await import('../host/check-host.ts');
      io.exitCode = checkHost(options, io);
    });
}
