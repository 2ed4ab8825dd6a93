/** `kubectl rtvm topology`: who has which CPU. */
import { Argument } from 'commander';
import type { Command } from 'commander';
import type { Io } from '../../io.ts';
import { outputOption } from '../options.ts';
import { addLiveOptions } from './live-options.ts';
import type { LiveOptions } from './live-options.ts';

export interface TopologyOptions extends LiveOptions {
  readonly output: 'table' | 'json' | 'yaml';
}

export function register(program: Command, io: Io): void {
  const command = program.command('topology')
    .summary('draw nodes: NUMA nodes, cores, CPUs, and which VM has them')
    .description('Draws realtime nodes with their NUMA nodes, cores, CPUs and memory, and the VM that has each. VMs of all namespaces are shown, since they share the CPUs.')
    .addArgument(new Argument('[node...]', 'RealtimeNodes (default: all)'))
    .addOption(outputOption(['table', 'json', 'yaml']));
  addLiveOptions(command)
    .addHelpText('after', '\nExample:\n  kubectl rtvm topology worker-1')
    .action(async (names: string[], options: TopologyOptions) => {
      const { topology } = await import('../../live/topology/topology.ts');
      io.exitCode = await topology(names, options, io);
    });
}
