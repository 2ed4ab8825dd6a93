/** Names of VMs, nodes, namespaces and contexts, asked of the cluster in the little time that a person waits for a Tab. */
import { Deadline } from '../../runtime/deadline.ts';
import { loadKubeConfig } from '../../store/kubernetes/kube-config.ts';
import type { Io } from '../io.ts';
import { printable } from '../io.ts';
import { withCluster } from '../live/connect.ts';

export type NameKind = 'vm' | 'node' | 'namespace' | 'context';

/** Later than this nobody waits any more. */
const patienceMs = 3000;

/**
 * @param values of the options on the command line, by their names in the program.
 * @returns nothing where the cluster cannot be asked: a completion is no place for errors, but RTVM_DEBUG=1 tells.
 */
export async function completeNames(kind: NameKind, prefix: string, values: ReadonlyMap<string, string>, io: Io): Promise<readonly string[]> {
  const [kubeconfig, context, namespace] = ['kubeconfig', 'context', 'namespace'].map((option) => values.get(option));
  const reach = { ...(kubeconfig === undefined ? {} : { kubeconfig }), ...(context === undefined ? {} : { context }) };
  try {
    if (kind === 'context') return loadKubeConfig(reach).getContexts().map(({ name }) => name);
    return await withCluster({ ...reach, ...(namespace === undefined ? {} : { namespace }), systemNamespace: '' }, async (live) => {
      using deadline = new Deadline(io.runtime.clock, live.signal, patienceMs);
      const { signal } = deadline;
      switch (kind) {
        case 'vm': {
          const [first, second] = prefix.split('/');
          const within = second === undefined ? live.namespace : first ?? '';
          const names = (await live.store.list('RealtimeVM', { namespace: within, signal })).map(({ metadata }) => metadata.name);
          return second === undefined ? names : names.map((name) => `${within}/${name}`);
        }
        case 'node':
          return (await live.store.list('RealtimeNode', { signal })).map(({ metadata }) => metadata.name);
        case 'namespace':
          return (await live.store.listForeign('Namespace', {}, signal)).map(({ metadata }) => metadata.name);
      }
    });
  } catch (error) {
    if ((io.env['RTVM_DEBUG'] ?? '') !== '') io.err(printable(String(error)));
    return [];
  }
}
