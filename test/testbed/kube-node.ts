// A Kubernetes Node as a kubelet would have made it; in these test beds there is none.
import type { KubeApi } from './kube-api.ts';
import { kubeRequest } from './kube-request.ts';

/** Labelled and tainted as an administrator does with a realtime node. */
export async function createNode(api: KubeApi, name: string): Promise<void> {
  const node = {
    apiVersion: 'v1', kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, 'rtvm.dev/realtime': 'true' } },
    spec: { taints: [{ key: 'rtvm.dev/realtime', effect: 'NoSchedule' }] },
  };
  const created = await kubeRequest(api, 'POST', '/api/v1/nodes', { body: node });
  if (created.status !== 201) throw new Error(`node ${name}: ${JSON.stringify(created.body)}`);
  const now = new Date().toISOString();
  const status = { conditions: [{ type: 'Ready', status: 'True', reason: 'NoKubelet', message: 'a node of a test', lastHeartbeatTime: now, lastTransitionTime: now }] };
  const told = await kubeRequest(api, 'PATCH', `/api/v1/nodes/${name}/status`, { body: { status }, contentType: 'application/merge-patch+json' });
  if (told.status !== 200) throw new Error(`the status of node ${name}: ${JSON.stringify(told.body)}`);
}
