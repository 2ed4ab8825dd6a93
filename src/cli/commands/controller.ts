/** `rtvm controller`: places the cluster's VMs. */
import { Option } from 'commander';
import type { Command } from 'commander';
import type { GuardOptions } from '../../controller/guard.ts';
import { UsageError } from '../exit.ts';
import type { Io } from '../io.ts';
import { addProcessOptions } from './process-options.ts';
import type { ProcessOptions } from './process-options.ts';

interface GuardArguments {
  readonly guardNamespace?: string;
  readonly guardImage?: string;
}

export interface ControllerCommandOptions extends ProcessOptions {
  /** Absent: no guards. */
  readonly guard: GuardOptions | undefined;
  readonly ui: boolean;
  readonly uiHost: readonly string[];
}

export function register(program: Command, io: Io): void {
  const command = program.command('controller')
    .summary("place a cluster's VMs on its nodes")
    .description("Places a cluster's RealtimeVMs on its nodes, and writes every RealtimeVM's status. Of several controllers one leads, by the Lease rtvm-controller; the others wait to take over. "
      + 'With --guard-namespace and --guard-image it keeps a guard pod on each node with VMs, which asks for their memory and huge pages and lets kubectl drain wait for them. '
      + 'SIGTERM ends what is in hand and gives the Lease back; VMs are not touched.')
    .addOption(new Option('--guard-namespace <name>', 'where guard pods and their PodDisruptionBudgets are kept (default: no guards)').env('RTVM_GUARD_NAMESPACE'))
    .addOption(new Option('--guard-image <image>', 'image of the guard pods: one that does nothing, as registry.k8s.io/pause').env('RTVM_GUARD_IMAGE'));
  addProcessOptions(command, { metricsAddress: '0.0.0.0:8080' })
    .addOption(new Option('--no-ui', 'serve no page at /ui/ on the metrics address'))
    .addOption(new Option('--ui-host <name...>', 'names beside addresses and names of the cluster under which the page may be asked for, such as that of an Ingress').default([], 'none'))
    .action(async (options: Omit<ControllerCommandOptions, 'guard'> & GuardArguments) => {
      const guard = guardOf(options);
      const { runController } = await import('../controller/run-controller.ts');
      io.exitCode = await runController({ ...options, guard }, io);
    });
}

/** @throws UsageError for one without the other, or what no cluster would take. */
function guardOf({ guardNamespace, guardImage }: GuardArguments): GuardOptions | undefined {
  const [namespace, image] = [guardNamespace, guardImage].map((text) => (text === '' ? undefined : text));
  if (namespace === undefined && image === undefined) return undefined;
  if (image === undefined) throw new UsageError(`--guard-namespace ${JSON.stringify(namespace)} without --guard-image: guards are pods, and need an image that does nothing, as --guard-image registry.k8s.io/pause:3.10`);
  if (namespace === undefined) throw new UsageError(`--guard-image ${JSON.stringify(image)} without --guard-namespace: say where guards are kept, as --guard-namespace rtvm-system`);
  if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(namespace)) throw new UsageError(`--guard-namespace ${JSON.stringify(namespace)} cannot be a namespace; accepted: at most 63 lower-case letters, digits and "-", with a letter or digit at both ends`);
  if (/\s/.test(image)) throw new UsageError(`--guard-image ${JSON.stringify(image)} cannot be an image; accepted: a reference without blanks, as registry.k8s.io/pause:3.10`);
  return { namespace, image };
}
