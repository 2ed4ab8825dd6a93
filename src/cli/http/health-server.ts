/** What a process says of itself over HTTP: `/healthz`, `/readyz`, `/metrics`, and the page where it has one. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CommandError } from '../exit.ts';
import type { PageHandler } from '../ui/page-handler.ts';
import type { ListenAddress } from './address.ts';

/** Absent: fine. Otherwise why not, in a few words that hold nothing of a tenant's. */
export type Complaint = string | undefined;

export interface HealthServerOptions extends ListenAddress {
  /** Whether the process should go on; a complaint has it restarted. */
  readonly health: () => Complaint;
  /** Whether it does its work now. */
  readonly readiness: () => Complaint;
  readonly metrics: { readonly contentType: string; metrics(): Promise<string> };
  /** A page for people beside them. */
  readonly page?: PageHandler | undefined;
}

export interface HealthServer extends AsyncDisposable {
  /** What it listens on, as a URL without a path. */
  readonly url: string;
}

/** Answers until disposed. @throws CommandError `CANNOT_LISTEN`. */
export async function serveHealth(options: HealthServerOptions): Promise<HealthServer> {
  const server = createServer((request, response) => {
    if (options.page?.(request, response) !== true) void answer(options, request, response);
  });
  server.listen(options.port, options.host);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new CommandError('CANNOT_LISTEN', `${options.host ?? ''}:${options.port} cannot be listened on: ${error instanceof Error ? error.message : String(error)}; accepted for --metrics-address: an address of this host and a port that nobody else has`, { cause: error });
  }
  const { address, port } = server.address() as AddressInfo;
  return {
    url: `http://${address.includes(':') ? `[${address}]` : address}:${port}`,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer({ health, readiness, metrics, page }: HealthServerOptions, { method, url = '/' }: IncomingMessage, response: ServerResponse): Promise<void> {
  if (method !== 'GET' && method !== 'HEAD') {
    send(response, 405, 'only GET is answered');
    return;
  }
  switch (url.split('?', 1)[0]) {
    case '/healthz':
      sendState(response, health());
      break;
    case '/readyz':
      sendState(response, readiness());
      break;
    case '/metrics':
      try {
        send(response, 200, await metrics.metrics(), metrics.contentType);
      } catch (error) {
        send(response, 500, `metrics cannot be gathered: ${error instanceof Error ? error.message : String(error)}`);
      }
      break;
    default:
      send(response, 404, `there are /healthz, /readyz${page === undefined ? '' : ', /ui/'} and /metrics`);
  }
}

function sendState(response: ServerResponse, complaint: Complaint): void {
  if (complaint === undefined) send(response, 200, 'ok');
  else send(response, 503, complaint);
}

function send(response: ServerResponse, status: number, text: string, contentType = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, { 'content-type': contentType, 'x-content-type-options': 'nosniff' }).end(text.endsWith('\n') ? text : `${text}\n`);
}
