/** Answers for the page: its files, its events, and the details of one object. Reads alone; nothing here changes anything. */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ClusterFeed } from './cluster-feed.ts';
import { streamEvents } from './event-stream.ts';
import { isOwnHost } from './own-host.ts';
import { readPageFiles } from './page-files.ts';
import type { PageFile } from './page-files.ts';
import type { Hello } from './wire.ts';

export interface PageOptions {
  readonly feed: ClusterFeed;
  readonly hello: Hello;
  /** Names beside the machine's own under which the page may be asked for. */
  readonly hosts: readonly string[];
}

/** Answers a request, and says whether it was for the page. */
export type PageHandler = (request: IncomingMessage, response: ServerResponse) => boolean;

/** Where the page is. */
export const pagePath = '/ui/';
/** Each holds a connection. */
const mostReaders = 64;

const securityHeaders = {
  // Nothing inline, nothing from elsewhere, and no text can become markup or script.
  'content-security-policy': "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

export function pageHandler(options: PageOptions): PageHandler {
  let files: ReadonlyMap<string, PageFile & { readonly etag: string }> | undefined;
  // Read when somebody looks for the first time.
  const file = (name: string) => (files ??= new Map(readPageFiles().map((each) => [each.name, { ...each, etag: etagOf(each.text) }]))).get(name);
  return (request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0]!;
    if (path === pagePath.slice(0, -1)) {
      response.writeHead(308, { location: 'ui/' }).end();
      return true;
    }
    if (!path.startsWith(pagePath)) return false;
    for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value);
    response.setHeader('cache-control', 'no-cache');
    if (!isOwnHost(request.headers.host, options.hosts)) {
      refuse(response, 421, 'this page is not served under that name; open it by address, through kubectl port-forward, or name the host with --ui-host');
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      refuse(response, 405, 'only GET is answered');
    } else {
      answer(path.slice(pagePath.length), request, response, options, file);
    }
    return true;
  };
}

function answer(path: string, request: IncomingMessage, response: ServerResponse, { feed, hello }: PageOptions, file: (name: string) => (PageFile & { readonly etag: string }) | undefined): void {
  const [collection, ...names] = path.split('/');
  if (path === 'events') {
    if (request.method === 'HEAD') refuse(response, 405, 'only GET is answered');
    else if (feed.readers >= mostReaders) refuse(response, 503, `${mostReaders} pages are open already`);
    else void streamEvents(response, feed.read(), hello, feed.clock);
  } else if (collection === 'vms' && names.length === 2) {
    sendJson(response, feed.vm(names.map(decoded).join('/')));
  } else if (collection === 'nodes' && names.length === 1) {
    sendJson(response, feed.node(decoded(names[0]!)));
  } else {
    const found = file(path === '' ? 'index.html' : path);
    if (found === undefined) refuse(response, 404, 'there is no such file');
    else if (request.headers['if-none-match'] === found.etag) response.writeHead(304, { etag: found.etag }).end();
    else response.writeHead(200, { 'content-type': found.contentType, etag: found.etag }).end(found.text);
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function sendJson(response: ServerResponse, value: unknown): void {
  if (value === undefined) refuse(response, 404, 'there is no such object');
  else response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(value));
}

function refuse(response: ServerResponse, status: number, why: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${why}\n`);
}

function etagOf(text: string): string {
  return `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;
}
