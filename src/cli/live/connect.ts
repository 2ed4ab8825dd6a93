/** The cluster that a command looks at, reached as kubectl reaches it. */
import { defaultNamespace } from '../../crds/metadata.ts';
import { machineClock } from '../../runtime/clock.ts';
import { loadKubeConfig } from '../../store/kubernetes/kube-config.ts';
import type { KubernetesStore } from '../../store/kubernetes/kubernetes-store.ts';
import type { LiveOptions } from '../commands/live/live-options.ts';
import { openCluster } from '../process/cluster.ts';
import { Interrupt } from '../run/interrupt.ts';

export interface Live {
  readonly store: KubernetesStore;
  /** Where VMs are meant to be that are named without one. */
  readonly namespace: string;
  /** Where the agents and their Leases are. */
  readonly systemNamespace: string;
  /** What makes kubectl reach the same cluster. */
  readonly kubectlArgs: readonly string[];
  /** By the server's clock, or this machine's where it has not said yet. */
  readonly now: () => Date;
  /** Ctrl-C. */
  readonly signal: AbortSignal;
}

/**
 * Runs a command on the cluster that the options name.
 * @throws CommandError `NO_CLUSTER` where there is none to talk to, and what the command throws.
 */
export async function withCluster<Result>(options: LiveOptions, command: (live: Live) => Promise<Result>): Promise<Result> {
  const store = openCluster(options, 'kubectl-rtvm', () => undefined);
  using interrupt = new Interrupt();
  try {
    return await command({
      store,
      namespace: options.namespace ?? contextNamespace(options),
      systemNamespace: options.systemNamespace,
      kubectlArgs: [...given('--kubeconfig', options.kubeconfig), ...given('--context', options.context)],
      now: () => store.serverTime ?? machineClock.date(),
      signal: interrupt.signal,
    });
  } finally {
    await store.close();
  }
}

function contextNamespace({ kubeconfig, context }: LiveOptions): string {
  const config = loadKubeConfig({ kubeconfig, context });
  return config.getContextObject(config.getCurrentContext())?.namespace ?? defaultNamespace;
}

function given(option: string, value: string | undefined): readonly string[] {
  return value === undefined ? [] : [option, value];
}
