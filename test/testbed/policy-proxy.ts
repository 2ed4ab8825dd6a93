// Gives the test API server the group `policy`, which it lacks: no CRD may have a group without a dot, so that one of another
// group stands in, and this reverse proxy renames it on the way, in paths, bodies, watches and discovery. It also answers
// evictions as the API server does where a budget says so. The real kube-apiserver has all of it, and needs no proxy.
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { KubeApi } from './kube-api.ts';
import { kubeRequest } from './kube-request.ts';
import { answerEviction } from './policy-evictions.ts';
import { policyStandIn, standInDefinition } from './policy-stand-in.ts';

/** An API server as tests use it: where it is, and who may do everything there. */
export type ServedApi = Pick<KubeApi, 'url' | 'token' | 'kubeconfigPath'>;

/**
 * Serves the API with `policy/v1` PodDisruptionBudgets and with evictions, beside the address that has none of them.
 * Disposing ends the proxy, and leaves the API server and what is stored.
 */
export async function servePolicy(api: KubeApi): Promise<ServedApi & AsyncDisposable> {
  if (api.kind === 'kube-apiserver') return { url: api.url, token: api.token, kubeconfigPath: api.kubeconfigPath, [Symbol.asyncDispose]: () => Promise.resolve() };
  const { status, body } = await kubeRequest(api, 'POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', { body: standInDefinition });
  if (status !== 201 && status !== 409) throw new Error(`the stand-in for PodDisruptionBudgets was refused: ${JSON.stringify(body)}`);
  const deadline = Date.now() + 30_000;
  while ((await kubeRequest(api, 'GET', `/apis/${policyStandIn}/v1/poddisruptionbudgets`)).status !== 200) {
    if (Date.now() > deadline) throw new Error('the stand-in for PodDisruptionBudgets is not served after 30 s');
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
  const agent = new Agent({ keepAlive: true, rejectUnauthorized: false });
  const certificate = (name: string) => readFileSync(join(api.dir, 'certs', name));
  const server = createServer({ cert: certificate('apiserver.crt'), key: certificate('apiserver.key') }, (incoming, outgoing) => {
    pass(api, agent, incoming, outgoing).catch(() => outgoing.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const kubeconfigPath = join(api.dir, 'kubeconfig-policy');
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

async function pass(api: KubeApi, agent: Agent, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const path = incoming.url ?? '/';
  const eviction = /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/]+)\/eviction(?:\?|$)/.exec(path);
  if (eviction !== null && incoming.method === 'POST') {
    const { status, body } = await answerEviction(api, { namespace: eviction[1]!, name: eviction[2]! }, JSON.parse(await textOf(incoming)) as object);
    outgoing.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    return;
  }
  const isPolicy = /^\/(?:openapi\/v3\/)?apis\/policy(?:[/?]|$)/.test(path);
  const isCore = /^\/api\/v1(?:\?|$)/.test(path);
  const isRenamed = isPolicy || isCore || /^\/(?:apis?|openapi\/v3)\/?(?:\?|$)/.test(path);
  const headers = { ...incoming.headers };
  if (isRenamed) delete headers['accept-encoding'];
  if (isPolicy) {
    delete headers['content-length'];
    // Of a budget nothing is merged otherwise, and a stand-in by CRD knows no strategic merge.
    if (headers['content-type'] === 'application/strategic-merge-patch+json') headers['content-type'] = 'application/merge-patch+json';
    if (path.startsWith('/openapi/')) headers.accept = 'application/json';
  }
  const upstream = request(`${api.url}${isPolicy ? path.replace('apis/policy', `apis/${policyStandIn}`) : path}`, { method: incoming.method, headers, agent });
  outgoing.on('close', () => upstream.destroy());
  const [response] = await Promise.all([
    once(upstream, 'response').then(([first]) => first as IncomingMessage),
    isPolicy ? textOf(incoming).then((body) => sendWhole(upstream, body.replaceAll('policy/v1', `${policyStandIn}/v1`))) : pipeline(incoming, upstream),
  ]);
  const answer = { ...response.headers };
  if (isRenamed) delete answer['content-length'];
  outgoing.writeHead(response.statusCode ?? 502, answer);
  if (!isRenamed) await pipeline(response, outgoing);
  else if (path.includes('watch=')) await pipeline(response, renamedLines, outgoing);
  else outgoing.end(withEviction(isCore, renamed(await textOf(response))));
}

/** With its length: Node sends the body of a DELETE as it is, and the server would take it for the next request. */
function sendWhole(upstream: ClientRequest, body: string): void {
  if (body !== '') upstream.setHeader('content-length', Buffer.byteLength(body));
  upstream.end(body);
}

async function textOf(message: IncomingMessage): Promise<string> {
  return (await message.setEncoding('utf8').toArray()).join('');
}

function renamed(text: string): string {
  return text.replaceAll(policyStandIn, 'policy');
}

/** A watch tells one event a line, and a line may come in pieces. */
async function* renamedLines(response: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of response) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield `${renamed(line)}\n`;
  }
  yield renamed(rest);
}

/** `kubectl drain` asks here whether the server knows evictions. */
function withEviction(isCore: boolean, text: string): string {
  if (!isCore) return text;
  const list = JSON.parse(text) as { readonly resources?: readonly object[] };
  const eviction = { name: 'pods/eviction', singularName: '', namespaced: true, group: 'policy', version: 'v1', kind: 'Eviction', verbs: ['create'] };
  return JSON.stringify({ ...list, resources: [...list.resources ?? [], eviction] });
}
