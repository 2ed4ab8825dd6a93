/** Options of the commands that look at a cluster, named as kubectl names them. */
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';

export interface ClusterOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly systemNamespace: string;
}

export interface LiveOptions extends ClusterOptions {
  readonly namespace?: string;
}

export interface ScopeOptions extends LiveOptions {
  readonly allNamespaces?: boolean;
}

/** How to reach the cluster, and which namespace is meant. */
export function addLiveOptions(command: Command): Command {
  return addClusterOptions(command.addOption(new Option('-n, --namespace <name>', "namespace of the VMs (default: that of the kubeconfig's context)")));
}

export function addClusterOptions(command: Command): Command {
  return command
    .addOption(new Option('--kubeconfig <path>', 'how to reach the cluster (default: $KUBECONFIG, the service account of the pod, or ~/.kube/config)'))
    .addOption(new Option('--context <name>', 'which context of the kubeconfig (default: its current one)'))
    .addOption(new Option('--system-namespace <name>', 'where rtvm itself runs: its agents and their Leases').env('RTVM_LEASE_NAMESPACE').default('rtvm-system'));
}

export function addScopeOptions(command: Command): Command {
  return addLiveOptions(command.addOption(new Option('-A, --all-namespaces', 'VMs of every namespace').conflicts('namespace')));
}

/** @param bounds accepted seconds. */
export function secondsBetween(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text.replace(/s$/, ''));
    if (text !== '' && Number.isFinite(value) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Accepted: ${least} to ${most} seconds.`);
  };
}
