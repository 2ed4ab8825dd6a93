/** `rtvm controller`: places the cluster's VMs. */
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { addProcessOptions } from './process-options.ts';
import type { ProcessOptions } from './process-options.ts';

export type ControllerCommandOptions = ProcessOptions;

export function register(program: Command, io: Io): void {
  const command = program.command('controller')
    .summary("place a cluster's VMs on its nodes")
    .description("Places a cluster's RealtimeVMs on its nodes, and writes every RealtimeVM's status. Of several controllers one leads, by the Lease rtvm-controller; the others wait to take over. "
      + 'SIGTERM ends what is in hand and gives the Lease back; VMs are not touched.');
  addProcessOptions(command, { metricsAddress: '0.0.0.0:8080' })
    .action(async (options: ControllerCommandOptions) => {
      const { runController } = await import('../controller/run-controller.ts');
      io.exitCode = await runController(options, io);
    });
}
