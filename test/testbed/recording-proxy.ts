// A reverse proxy before the API server of a test, at the edge where a process's requests leave it: it records them as Kubernetes' own
// authorizer would see them, sends them on as the ServiceAccount whose they are, and lets a test do something right before one.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { apiRequestOf } from './api-request.ts';
import type { ApiRequest } from './api-request.ts';
import type { KubeApi } from './kube-api.ts';
import type { ServedApi } from './policy-proxy.ts';

export interface RecordingProxyOptions {
  /** Whose certificate it shows: a client that trusts the server trusts the proxy. */
  readonly api: KubeApi;
  /** Where requests go. */
  readonly upstream: ServedApi;
  /** Sent on with each request, in place of the client's own `authorization`; none where the client's own token counts. */
  readonly headers: Readonly<Record<string, string>> | undefined;
}

export interface Recorded extends ApiRequest {
  /** Of the answer. */
  readonly status: number;
}

/** Done before a request is sent on. `sendAhead` sends the same request, as somebody else who is faster. */
export type Interference = (sendAhead: () => Promise<void>) => Promise<void>;

export class RecordingProxy implements AsyncDisposable {
  readonly requests: Recorded[] = [];
  /** Requests for no resource, such as /version. */
  readonly otherPaths: string[] = [];
  /** While true, watches that ask for the state first are refused, as an API server without the feature WatchList does. */
  withoutWatchList = false;
  readonly #upstream: ServedApi;
  #headers: Readonly<Record<string, string>> | undefined;
  readonly #agent = new Agent({ keepAlive: true, rejectUnauthorized: false });
  readonly #server;
  readonly #hooks: { readonly wanted: (request: ApiRequest) => boolean; readonly action: Interference }[] = [];

  constructor({ api, upstream, headers }: RecordingProxyOptions) {
    this.#upstream = upstream;
    this.#headers = headers;
    const certificate = (name: string) => readFileSync(join(api.dir, 'certs', name));
    this.#server = createServer({ cert: certificate('apiserver.crt'), key: certificate('apiserver.key') }, (incoming, outgoing) => {
      this.#pass(incoming, outgoing).catch(() => outgoing.destroy());
    });
  }

  /** @returns the port on loopback. */
  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  /** Sends requests on with these headers from now on. */
  actAs(headers: Readonly<Record<string, string>>): void {
    this.#headers = headers;
  }

  /** Does something, once, before the next request that is wanted is sent on. */
  beforeNext(wanted: (request: ApiRequest) => boolean, action: Interference): void {
    this.#hooks.push({ wanted, action });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    this.#agent.destroy();
    await closed;
  }

  async #pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const path = incoming.url ?? '/';
    const seen = apiRequestOf(incoming.method ?? 'GET', path);
    const interference = seen === undefined ? undefined : this.#takeHook(seen);
    const body = await buffer(incoming);
    const send = async () => this.#send(incoming, body, outgoing);
    await interference?.(async () => void (await send()).resume());
    if (this.withoutWatchList && path.includes('sendInitialEvents=true')) {
      if (seen !== undefined) this.requests.push({ ...seen, status: 422 });
      const message = 'sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled';
      outgoing.writeHead(422, { 'content-type': 'application/json' }).end(JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Invalid', code: 422, message }));
      return;
    }
    const response = await send();
    const status = response.statusCode ?? 502;
    if (seen === undefined) this.otherPaths.push(path);
    else this.requests.push({ ...seen, status });
    outgoing.writeHead(status, response.headers);
    outgoing.flushHeaders();
    await pipeline(response, outgoing);
  }

  #takeHook(seen: ApiRequest): Interference | undefined {
    const hook = this.#hooks.findIndex(({ wanted }) => wanted(seen));
    return hook < 0 ? undefined : this.#hooks.splice(hook, 1)[0]!.action;
  }

  async #send(incoming: IncomingMessage, body: Buffer, outgoing: ServerResponse): Promise<IncomingMessage> {
    const { method, url = '/' } = incoming;
    const headers = { ...incoming.headers, ...this.#headers };
    const call = request(`${this.#upstream.url}${url}`, { method, headers, agent: this.#agent });
    outgoing.on('close', () => call.destroy());
    call.end(body);
    const [response] = await once(call, 'response') as [IncomingMessage];
    return response;
  }
}
