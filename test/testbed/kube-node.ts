// A Kubernetes Node as a kubelet would have made it; in these test beds there is none.
import type { KubeApi } from './kube-api.ts';
import { kubeRequest } from './kube-request.ts';
import type { KubeAnswer } from './kube-request.ts';

export interface NodeMarks {
  /** Beside those of a realtime node. */
  readonly labels?: object;
  /** In place of the one that an administrator puts on a realtime node. */
  readonly taints?: readonly object[];
}

/** Labelled and tainted as an administrator does with a realtime node, and Ready. */
export async function createNode(api: Pick<KubeApi, 'url' | 'token'>, name: string, { labels = {}, taints = [{ key: 'rtvm.dev/realtime', effect: 'NoSchedule' }] }: NodeMarks = {}): Promise<void> {
  const node = {
    apiVersion: 'v1', kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, 'rtvm.dev/realtime': 'true', ...labels } },
    spec: { taints },
  };
  expectStatus(201, `node ${name}`, await kubeRequest(api, 'POST', '/api/v1/nodes', { body: node }));
  const now = new Date().toISOString();
  const status = { conditions: [{ type: 'Ready', status: 'True', reason: 'NoKubelet', message: 'a node of a test', lastHeartbeatTime: now, lastTransitionTime: now }] };
  expectStatus(200, `the status of node ${name}`, await kubeRequest(api, 'PATCH', `/api/v1/nodes/${name}/status`, { body: { status }, contentType: 'application/merge-patch+json' }));
  // kube-apiserver taints every new Node as not ready, and its node controller, which there is not either, takes that away.
  expectStatus(200, `the taints of node ${name}`, await kubeRequest(api, 'PATCH', `/api/v1/nodes/${name}`, { body: { spec: { taints } }, contentType: 'application/merge-patch+json' }));
}

function expectStatus(wanted: number, what: string, { status, body }: KubeAnswer): void {
  if (status !== wanted) throw new Error(`${what}: ${JSON.stringify(body)}`);
}
