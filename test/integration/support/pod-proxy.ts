// Stands in for what a test API server lacks: a kubelet. In front of the server, it answers what the API server would ask a kubelet for
// (GET of a pod's port, through `…/pods/POD:PORT/proxy/…`) from the agent's own process; everything else goes to the server.
import { readFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { KubeApi } from '../../testbed/kube-api.ts';

export interface PodProxy extends AsyncDisposable {
  /** Reaches the server through the proxy. */
  readonly kubeconfigPath: string;
}

/** @param pods address of the process that is each pod, by `NAMESPACE/POD:PORT`. */
export async function startPodProxy(api: KubeApi, pods: Readonly<Record<string, () => string>>): Promise<PodProxy> {
  const [key, cert] = ['key', 'crt'].map((part) => readFileSync(join(api.dir, 'certs', `apiserver.${part}`)));
  const server = createServer({ key, cert }, (incoming, outgoing) => {
    const match = /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/]+)\/proxy(\/.*)$/.exec(incoming.url ?? '');
    const address = match === null ? undefined : pods[`${match[1]!}/${match[2]!}`];
    if (match !== null && address !== undefined) {
      // A process may end between the head of its answer and the end.
      const asked = fetch(`${address()}${match[3]!}`).then(async (answer) => ({ status: answer.status, text: await answer.text() }));
      void asked.then(({ status, text }) => outgoing.writeHead(status, { date: new Date().toUTCString() }).end(text), () => outgoing.writeHead(503).end());
      return;
    }
    const onward = httpsRequest(`${api.url}${incoming.url ?? ''}`, { method: incoming.method ?? 'GET', headers: incoming.headers, rejectUnauthorized: false }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.on('error', () => outgoing.destroy()).pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const kubeconfigPath = join(api.dir, 'kubeconfig-through-proxy');
  writeFileSync(kubeconfigPath, readFileSync(api.kubeconfigPath, 'utf8').replace(api.url, `https://127.0.0.1:${(server.address() as AddressInfo).port}`), { mode: 0o600 });
  return {
    kubeconfigPath,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
