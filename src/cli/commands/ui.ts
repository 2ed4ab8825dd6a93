/** `rtvm ui`: the page on this machine. */
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { parseListenAddress } from '../http/address.ts';
import type { ListenAddress } from '../http/address.ts';
import type { Io } from '../io.ts';
import { leaseNamespaceOption } from './process-options.ts';

export interface UiOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly leaseNamespace: string;
  readonly stateDir?: string;
  readonly address: ListenAddress;
}

const defaultAddress = '127.0.0.1:8090';

export function register(program: Command, io: Io): void {
  program.command('ui')
    .summary('show nodes and VMs on a page in the browser')
    .description('Serves a page on this machine alone that shows every realtime node as its CPUs, who has them, and what needs a person; it follows what changes, and changes nothing itself. '
      + 'It shows the cluster of the kubeconfig or, with --state-dir, the VMs of "rtvm run" on this host. Ctrl-C ends it.')
    .addOption(new Option('--kubeconfig <path>', 'how to reach the cluster (default: $KUBECONFIG, the service account of the pod, or ~/.kube/config)'))
    .addOption(new Option('--context <name>', 'which context of the kubeconfig (default: its current one)'))
    .addOption(leaseNamespaceOption())
    .addOption(new Option('--state-dir <path>', 'show the VMs of "rtvm run" with this state directory, and no cluster').conflicts(['kubeconfig', 'context']))
    .addOption(pageAddressOption())
    .addHelpText('after', '\nExamples:\n  rtvm ui\n  rtvm ui --state-dir /var/lib/rtvm\n\nFrom another machine: ssh -L 8090:127.0.0.1:8090 HOST')
    .action(async (options: UiOptions) => {
      const { runUi } = await import('../ui/run-ui.ts');
      io.exitCode = await runUi(options, io);
    });
}

export function pageAddressOption(): Option {
  return new Option('--address <address>', 'where the page is served: ADDRESS:PORT of the loopback').argParser(loopbackAddress).default(loopbackAddress(defaultAddress), defaultAddress);
}

/** Whoever reaches the page sees every namespace's VMs: other machines come through ssh or kubectl, which ask who they are. */
function loopbackAddress(text: string): ListenAddress {
  const address = parseListenAddress(text);
  if (address?.host === undefined || !/^(?:localhost|::1|127(?:\.\d+){3})$/.test(address.host)) throw new InvalidArgumentError('Accepted: 127.0.0.1:8090, localhost:8090, [::1]:8090; other machines reach it through ssh -L.');
  return address;
}
