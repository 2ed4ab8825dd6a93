/** HTTP/1.1 over TLS with a pool of kept-alive connections; who we are and whom we trust comes from client-node's KubeConfig. */
import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import type { KubeConfig } from '@kubernetes/client-node';
import { machineClock } from '../../runtime/clock.ts';
import type { Clock } from '../../runtime/clock.ts';
import { TransportError } from './transport.ts';
import type { Transport, TransportRequest, TransportResponse } from './transport.ts';

/** Credentials that were refused are not made anew more often than this: each time may run a plugin. */
const renewEveryMs = 10_000;
/** First probe of an idle connection; Linux then gives up after ten more, one a second, as libuv sets it. */
const keepAliveProbeMs = 30_000;

export interface HttpsTransportOptions {
  /** Called again when credentials are refused, so that a rotated kubeconfig or token is taken up. */
  readonly loadConfig: () => KubeConfig;
  /** Names this program in the server's audit log: `rtvm-controller`. */
  readonly userAgent: string;
  /** Default: the machine's. */
  readonly clock?: Clock | undefined;
}

interface Access {
  readonly agent: https.Agent;
  readonly headers: OutgoingHttpHeaders;
}

export class HttpsTransport implements Transport {
  readonly server: string;
  readonly #options: HttpsTransportOptions;
  readonly #url: URL;
  #config: KubeConfig;
  #renewedAtMs = -Infinity;
  #accessing: Promise<Access> | undefined;
  #pool: { readonly trust: string; readonly agent: https.Agent } | undefined;

  /** @throws what `loadConfig` throws. */
  constructor(options: HttpsTransportOptions) {
    this.#options = options;
    this.#config = options.loadConfig();
    this.#url = new URL(serverOf(this.#config));
    this.server = this.#url.origin;
  }

  async send({ method, path, body, signal, beforeSend }: TransportRequest): Promise<TransportResponse> {
    signal.throwIfAborted();
    const { agent, headers } = await unlessAborted(this.#access(), signal);
    const request = https.request({
      method,
      host: this.#url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: this.#url.port === '' ? 443 : this.#url.port,
      path: `${this.#url.pathname.replace(/\/$/, '')}${path}`,
      agent,
      signal,
      headers: {
        ...headers,
        Accept: 'application/json',
        'User-Agent': this.#options.userAgent,
        ...(body === undefined ? {} : { 'Content-Type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json', 'Content-Length': Buffer.byteLength(body) }),
      },
    });
    const response = await this.#exchange(request, body, beforeSend).catch((error: unknown) => {
      // Where one kept-alive connection gave no answer, those that idle beside it may be dead too, and would cost a timeout each.
      if (request.reusedSocket) dropIdle(agent);
      signal.throwIfAborted();
      throw error;
    });
    return { status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'], date: response.headers.date, body: response };
  }

  renewCredentials(): void {
    const nowMs = (this.#options.clock ?? machineClock).nowMs();
    if (nowMs - this.#renewedAtMs < renewEveryMs) return;
    this.#renewedAtMs = nowMs;
    this.#config = this.#options.loadConfig();
  }

  close(): void {
    this.#pool?.agent.destroy();
  }

  /** Nothing is sent before the connection stands, so that `beforeSend` is the last thing that happens before the bytes go. */
  async #exchange(request: ClientRequest, body: string | undefined, beforeSend: (() => void) | undefined): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    let sent = false;
    const fail = (cause: unknown) => reject(cause instanceof TransportError ? cause : new TransportError(reasonOf(cause), { unsent: !sent, cause }));
    request.once('response', resolve).on('error', fail);
    request.once('socket', (socket: Socket) => {
      const go = () => {
        try {
          beforeSend?.();
        } catch (error) {
          reject(error);
          request.destroy();
          return;
        }
        sent = true;
        request.end(body);
      };
      if (request.reusedSocket) {
        go();
        return;
      }
      // Probes notice a host that is gone, with or without a reset, on watches too.
      socket.setKeepAlive(true, keepAliveProbeMs);
      socket.once('secureConnect', go);
    });
    return promise;
  }

  /** A plugin may be asked for credentials, which takes its time: once for all who wait. */
  #access(): Promise<Access> {
    this.#accessing ??= this.#findAccess().finally(() => { this.#accessing = undefined; });
    return this.#accessing;
  }

  async #findAccess(): Promise<Access> {
    const applied: https.RequestOptions = {};
    try {
      await this.#config.applyToHTTPSOptions(applied);
    } catch (cause) {
      throw new TransportError(`no credentials for it: ${reasonOf(cause)}`, { unsent: true, cause });
    }
    const { ca, cert, key, rejectUnauthorized, servername, auth } = applied;
    const headers: OutgoingHttpHeaders = { ...Object.fromEntries(Object.entries(applied.headers ?? {})), ...(auth === undefined || auth === null ? {} : { Authorization: `Basic ${Buffer.from(auth).toString('base64')}` }) };
    const trust = JSON.stringify([ca, cert, key, rejectUnauthorized, servername].map((part) => (Buffer.isBuffer(part) ? part.toString('base64') : part)));
    if (this.#pool?.trust !== trust) {
      // Connections in use end with their exchange; new ones take the certificate that was rotated in.
      this.#pool = { trust, agent: this.#proxyAgent(applied) ?? new https.Agent({ ca, cert, key, rejectUnauthorized, servername, keepAlive: true, keepAliveMsecs: keepAliveProbeMs, maxFreeSockets: 64, scheduling: 'lifo' }) };
    }
    return { agent: this.#pool.agent, headers };
  }

  /** Through a proxy connections are made as client-node makes them. */
  #proxyAgent({ agent }: https.RequestOptions): https.Agent | undefined {
    return this.#config.getCurrentCluster()?.proxyUrl === undefined ? undefined : agent as https.Agent;
  }
}

async function unlessAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function dropIdle(agent: https.Agent): void {
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
}

function serverOf(config: KubeConfig): string {
  const server = config.getCurrentCluster()?.server;
  if (server === undefined) throw new Error(`the kubeconfig's current context ${JSON.stringify(config.getCurrentContext())} names no cluster; choose one with \`kubectl config use-context\``);
  if (!server.startsWith('https://')) throw new Error(`the API server's address must begin with https://, found ${server}`);
  return server;
}

function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError) return cause.errors.map(reasonOf).join('; ');
  return cause instanceof Error ? cause.message : String(cause);
}
