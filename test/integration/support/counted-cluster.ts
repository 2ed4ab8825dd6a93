// A cluster of hollow nodes on an API server that counts what it is asked.
import { expect } from 'vitest';
import { openKubernetesStore } from '../../../src/store/kubernetes/kubernetes-store.ts';
import type { KubernetesStore } from '../../../src/store/kubernetes/kubernetes-store.ts';
import { loadKubeConfig } from '../../../src/store/kubernetes/kube-config.ts';
import { installCrds } from '../../testbed/install-crds.ts';
import { startKubeApi } from '../../testbed/kube-api.ts';
import type { KubeApi } from '../../testbed/kube-api.ts';
import { kubeRequest } from '../../testbed/kube-request.ts';
import { isOpen } from './open-table.ts';

export const leaseNamespace = 'rtvm-system';
/** Where the VMs are. */
export const namespace = 'scale';

export const namesOf = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

export async function startCountedCluster(): Promise<KubeApi> {
  const api = await startKubeApi();
  await installCrds(api);
  for (const name of [leaseNamespace, namespace]) await create(api, '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  return api;
}

async function create(api: KubeApi, path: string, object: object): Promise<void> {
  const { status, body } = await kubeRequest(api, 'POST', path, { body: object });
  if (status !== 201) throw new Error(`${path}: ${JSON.stringify(body)}`);
}

const own = (kind: string, plural: string) => (api: KubeApi, name: string, spec: object) => (
  create(api, `/apis/rtvm.dev/v1alpha1/namespaces/${namespace}/${plural}`, { apiVersion: 'rtvm.dev/v1alpha1', kind, metadata: { name, namespace }, spec })
);
export const createImage = own('RealtimeImage', 'realtimeimages');
export const createVm = own('RealtimeVM', 'realtimevms');

/** Until the agents of all nodes have told what they are and what runs there. */
export async function settled(api: KubeApi, nodes: number): Promise<void> {
  await becomesTrue(api, async (store) => (await store.list('RealtimeNode')).filter(({ status }) => status?.topology !== undefined && status.orphans !== undefined).length === nodes
    && (await store.listForeign('Lease', { namespace: leaseNamespace })).length >= nodes);
}

/** Until a new controller has heard each agent, and has opened its session: before that nothing is placed on its node. */
export async function heard(api: KubeApi): Promise<void> {
  await becomesTrue(api, async (store) => {
    const tables = new Map((await store.list('RealtimeAllocation')).map((table) => [table.metadata.name, table]));
    return (await store.list('RealtimeNode')).every(({ metadata }) => isOpen(tables.get(metadata.name)));
  });
}

async function becomesTrue(api: KubeApi, isTrue: (store: KubernetesStore) => Promise<boolean>): Promise<void> {
  const store = storeOf(api);
  try {
    await expect.poll(() => isTrue(store), { timeout: 240_000, interval: 1000 }).toBe(true);
  } finally {
    await store.close();
  }
}

export function storeOf(api: KubeApi): KubernetesStore {
  return openKubernetesStore({ loadConfig: () => loadKubeConfig({ kubeconfig: api.kubeconfigPath }), component: 'scale-test' });
}

export function tell(title: string, lines: readonly string[]): void {
  process.stdout.write(`${[title, ...lines.map((line) => `  ${line}`)].join('\n')}\n`);
}
