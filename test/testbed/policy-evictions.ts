// Evictions as the API server answers them, as far as budgets go that let the one pod of theirs stay: no controller counts pods here.
import type { KubeApi } from './kube-api.ts';
import { kubeRequest } from './kube-request.ts';
import type { KubeAnswer } from './kube-request.ts';
import { policyStandIn } from './policy-stand-in.ts';

interface Budget {
  readonly spec: { readonly minAvailable?: number | string; readonly selector?: { readonly matchLabels?: Readonly<Record<string, string>> } };
}

/**
 * Deletes a pod that no budget holds; of one that a budget holds it says so with 429, which `kubectl drain` tries again.
 * @param eviction as it was sent; its `deleteOptions` are those of the deletion.
 */
export async function answerEviction(api: Pick<KubeApi, 'url' | 'token'>, { namespace, name }: { readonly namespace: string; readonly name: string }, eviction: { readonly deleteOptions?: object }): Promise<KubeAnswer> {
  const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
  const pod = await kubeRequest<{ metadata: { labels?: Readonly<Record<string, string>> } }>(api, 'GET', path);
  if (pod.status !== 200) return pod;
  const { labels = {} } = pod.body.metadata;
  const { body: { items } } = await kubeRequest<{ items: readonly Budget[] }>(api, 'GET', `/apis/${policyStandIn}/v1/namespaces/${namespace}/poddisruptionbudgets`);
  const holds = items.some(({ spec: { minAvailable, selector } }) => minAvailable === 1 && Object.entries(selector?.matchLabels ?? {}).every(([key, value]) => labels[key] === value));
  if (holds) return { status: 429, body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: "Cannot evict pod as it would violate the pod's disruption budget.", reason: 'TooManyRequests', code: 429 } };
  const deleted = await kubeRequest(api, 'DELETE', path, eviction.deleteOptions === undefined ? {} : { body: { apiVersion: 'v1', kind: 'DeleteOptions', ...eviction.deleteOptions } });
  return deleted.status < 300 ? { status: 201, body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' } } : deleted;
}
