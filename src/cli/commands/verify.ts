/** `rtvm verify`: audits the VMs of this host now. */
import { Argument, Option } from 'commander';
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { addCgroupOption, addStateOptions } from './node-options.ts';
import type { StateOptions } from './node-options.ts';
import { outputOption } from './options.ts';

export interface VerifyOptions extends StateOptions {
  readonly output: 'table' | 'yaml' | 'json';
  readonly allocation?: string;
  readonly cgroupRoot: string;
}

export function register(program: Command, io: Io): void {
  const command = program.command('verify')
    .summary('audit the VMs of this host: every thread, all memory')
    .description('Reads every thread and all memory of the VMs of this host, once, and compares them with what the VMs were given. Changes nothing.')
    .addArgument(new Argument('[vm...]', '[namespace/]name (default: all)'))
    .addOption(outputOption(['table', 'yaml', 'json']))
    .addOption(new Option('--allocation <path>', 'what the VMs were given: the RealtimeAllocation of this node, or - for standard input (default: that in the state directory, of "rtvm run")'));
  addCgroupOption(addStateOptions(command))
    .addHelpText('after', '\nExample:\n  rtvm verify default/probe\n\nExits with 1 when a VM is not what was asked for, or does not run.')
    .action(async (names: string[], options: VerifyOptions) => {
      const { verify } = await import('../verify/verify.ts');
      io.exitCode = await verify(names, options, io);
    });
}
