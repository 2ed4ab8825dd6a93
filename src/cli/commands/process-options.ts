/** Options of the two processes that work with a cluster. */
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { logLevels } from '../../runtime/log.ts';
import type { LogLevel } from '../../runtime/log.ts';
import { parseListenAddress } from '../http/address.ts';
import type { ListenAddress } from '../http/address.ts';

export interface ProcessOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly leaseNamespace: string;
  readonly metricsAddress: ListenAddress;
  readonly logLevel: LogLevel;
}

export function addProcessOptions(command: Command, defaults: { readonly metricsAddress: string }): Command {
  return command
    .addOption(new Option('--kubeconfig <path>', 'how to reach the cluster (default: $KUBECONFIG, the service account of the pod, or ~/.kube/config)'))
    .addOption(new Option('--context <name>', 'which context of the kubeconfig (default: its current one)'))
    .addOption(leaseNamespaceOption())
    .addOption(new Option('--metrics-address <address>', 'where /healthz, /readyz and /metrics are answered: ADDRESS:PORT')
      .argParser(listenAddress).default(listenAddress(defaults.metricsAddress), defaults.metricsAddress))
    .addOption(new Option('--log-level <level>', 'what is logged, as JSON on standard error').choices(logLevels).default('info'));
}

export function leaseNamespaceOption(): Option {
  return new Option('--lease-namespace <name>', 'where the Leases of the controller and of the nodes are').env('RTVM_LEASE_NAMESPACE').default('rtvm-system');
}

function listenAddress(text: string): ListenAddress {
  const address = parseListenAddress(text);
  if (address === undefined) throw new InvalidArgumentError('Accepted: 0.0.0.0:8080, [::1]:8080, or :8080 for every address.');
  return address;
}
