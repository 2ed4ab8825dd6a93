/** How a process of ours reaches its cluster. */
import { loadKubeConfig } from '../../store/kubernetes/kube-config.ts';
import { openKubernetesStore } from '../../store/kubernetes/kubernetes-store.ts';
import type { KubernetesStore } from '../../store/kubernetes/kubernetes-store.ts';
import type { RequestSeen } from '../../store/kubernetes/rest.ts';
import type { ProcessOptions } from '../commands/process-options.ts';
import { CommandError } from '../exit.ts';

/**
 * Opens the store, with its requests counted. Nothing is sent yet: a server that is away is waited for.
 * @throws CommandError `NO_CLUSTER` where no kubeconfig says which one.
 */
export function openCluster({ kubeconfig, context }: Pick<ProcessOptions, 'kubeconfig' | 'context'>, component: string, onRequest: (seen: RequestSeen) => void): KubernetesStore {
  try {
    return openKubernetesStore({ loadConfig: () => loadKubeConfig({ kubeconfig, context }), component, onRequest });
  } catch (error) {
    throw new CommandError('NO_CLUSTER', `${error instanceof Error ? error.message : String(error)} (--kubeconfig, --context)`, { cause: error });
  }
}
