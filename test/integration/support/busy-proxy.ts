// A reverse proxy before the API server of a test, which answers some requests itself, as a server does that has too much to do.
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { Agent, createServer, request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { KubeApi } from '../../testbed/kube-api.ts';
import type { ServedApi } from '../../testbed/policy-proxy.ts';

export interface Refusal {
  readonly status: 409 | 429 | 500 | 503;
  readonly retryAfterSeconds?: number;
}

/** @param refuses asked of each request; what it gives is answered in the server's place. */
export async function busyProxy(api: KubeApi, refuses: (method: string, path: string) => Refusal | undefined): Promise<ServedApi & AsyncDisposable> {
  const agent = new Agent({ keepAlive: true, rejectUnauthorized: false });
  const certificate = (name: string) => readFileSync(join(api.dir, 'certs', name));
  const server = createServer({ cert: certificate('apiserver.crt'), key: certificate('apiserver.key') }, (incoming, outgoing) => {
    const { method = 'GET', url = '/', headers } = incoming;
    const refusal = refuses(method, url);
    if (refusal !== undefined) {
      const { status, retryAfterSeconds } = refusal;
      incoming.resume();
      outgoing.writeHead(status, { 'content-type': 'application/json', ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }) });
      outgoing.end(JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', message: 'too much to do', reason: reasons[status], code: status }));
      return;
    }
    const upstream = request(`${api.url}${url}`, { method, headers, agent });
    outgoing.on('close', () => upstream.destroy());
    const passed = (async () => {
      const [answer] = await Promise.all([once(upstream, 'response').then(([first]) => first as IncomingMessage), pipeline(incoming, upstream)]);
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      await pipeline(answer, outgoing);
    })();
    passed.catch(() => outgoing.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const kubeconfigPath = join(api.dir, 'kubeconfig-busy');
  writeFileSync(kubeconfigPath, readFileSync(api.kubeconfigPath, 'utf8').replaceAll(api.url, url), { mode: 0o600 });
  return {
    url, token: api.token, kubeconfigPath,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      agent.destroy();
      await closed;
    },
  };
}

const reasons = { 409: 'Conflict', 429: 'TooManyRequests', 500: 'InternalError', 503: 'ServiceUnavailable' } as const;
