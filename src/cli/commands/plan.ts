/** `rtvm plan`: where VMs would go, without a cluster. */
import { Option } from 'commander';
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { fileOption, outputOption } from './options.ts';
import type { InputOptions } from './options.ts';

export interface HostOptions {
  readonly host?: string[];
}

export interface PlanOptions extends InputOptions, HostOptions {
  readonly output: 'table' | 'yaml' | 'json';
}

/** `--host`, of every command that places VMs. */
export function hostOption(): Option {
  return new Option('--host <path...>', 'RealtimeNodes to place on, as "rtvm host inventory" prints them; without any, among -f either, this host');
}

export function register(program: Command, io: Io): void {
  program.command('plan')
    .summary('show where VMs would go, or why they fit nowhere')
    .description('Places VMs on hosts in order, each seeing what the ones before it took, and draws the hosts with who has which CPU. Nothing is started. RealtimeAllocations among the files count as taken.')
    .addOption(fileOption())
    .addOption(hostOption())
    .addOption(outputOption(['table', 'yaml', 'json']))
    .addHelpText('after', '\nExamples:\n  rtvm plan -f vm.yaml\n  rtvm plan -f vms/ --host host-a.yaml --host host-b.yaml -o json\n\nExits with 1 when a VM does not fit.')
    .action(async (options: PlanOptions) => {
      const { plan } = await import('../plan/plan.ts');
      io.exitCode = await plan(options, io);
    });
}
