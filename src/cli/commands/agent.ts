/** `rtvm agent`: runs and audits the VMs that the cluster gives to this node. */
import { Option } from 'commander';
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { addAuditOption, addHostOptions } from './node-options.ts';
import type { HostOptions } from './node-options.ts';
import { addProcessOptions } from './process-options.ts';
import type { ProcessOptions } from './process-options.ts';

export interface AgentCommandOptions extends HostOptions, ProcessOptions {
  readonly nodeName?: string;
  readonly auditInterval: number;
}

export function register(program: Command, io: Io): void {
  const command = program.command('agent')
    .summary('run and audit the VMs that a cluster gives to this node')
    .description('Makes this host agree with the RealtimeAllocation of its node: has libvirt run the VMs, audits their live threads, and reports. Its Lease says that audits keep their interval. '
      + 'While the API server is away, VMs are kept and audited, and reports catch up. SIGTERM ends the agent, never a VM.')
    .addOption(new Option('--node-name <name>', 'name of this Kubernetes node (required)').env('NODE_NAME'));
  addAuditOption(addHostOptions(command));
  addProcessOptions(command, { metricsAddress: '0.0.0.0:8081' })
    .action(async (options: AgentCommandOptions) => {
      const { runAgent } = await import('../agent/run-agent.ts');
      io.exitCode = await runAgent(options, io);
    });
}
