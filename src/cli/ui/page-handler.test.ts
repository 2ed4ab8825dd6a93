import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DirectoryStore } from '../../store/directory/directory-store.ts';
import { serveHealth } from '../http/health-server.ts';
import type { HealthServer } from '../http/health-server.ts';
import { machineClock } from '../../runtime/clock.ts';
import { ClusterFeed } from './cluster-feed.ts';
import { pageHandler } from './page-handler.ts';

let directory: string;
let store: DirectoryStore;
let feed: ClusterFeed;
let server: HealthServer;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rtvm-page-'));
  store = await DirectoryStore.open({ directory });
  feed = new ClusterFeed({ store }, machineClock);
  const page = pageHandler({ feed, hello: { version: '1', title: 't' }, hosts: ['rtvm.example.org'] });
  server = await serveHealth({ host: '127.0.0.1', port: 0, health: () => undefined, readiness: () => undefined, metrics: { contentType: 'text/plain', metrics: () => Promise.resolve('') }, page });
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await feed.close();
  await store.close();
  await rm(directory, { recursive: true });
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Not fetch: that lets nobody choose the Host header. */
async function ask(path: string, { method = 'GET', ...headers }: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request(`${server.url}${path}`, { method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => { text += chunk; }).on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    call.on('error', reject).end();
  });
}

it('serves the page and all that it names, with no types left and nothing inline', async () => {
  const seen = new Set<string>();
  const follow = async (name: string): Promise<void> => {
    if (seen.has(name)) return;
    seen.add(name);
    const { status, headers, text } = await ask(`/ui/${name}`);
    expect([name, status, headers['content-security-policy']?.includes("script-src 'self';")]).toEqual([name, 200, true]);
    expect(text).not.toMatch(/<script>|<style|\son[a-z]+=|style="|: readonly string/);
    const named = name.endsWith('.ts') ? [...text.matchAll(/^import .* from '\.\/([^']+)'/gm)] : [...text.matchAll(/(?:href|src)="([^"#]+)"/g)];
    for (const [, next] of named) await follow(next!);
  };
  await follow('');
  expect([...seen]).toEqual(expect.arrayContaining(['style.css', 'icon.svg', 'main.ts', 'cpu-map.ts', 'model.ts', 'live.ts']));
  expect((await ask('/ui/main.ts')).headers['content-type']).toBe('text/javascript; charset=utf-8');
});

it('sends a file again only when it is another', async () => {
  const { headers: { etag } } = await ask('/ui/style.css');
  const { status, text } = await ask('/ui/style.css', { 'if-none-match': etag! });
  expect([status, text]).toEqual([304, '']);
});

it('leads to itself', async () => {
  const { status, headers } = await ask('/ui');
  expect([status, new URL(headers.location!, `${server.url}/ui`).pathname]).toEqual([308, '/ui/']);
});

it.each([
  ['another name', '/ui/', { host: 'evil.example' }, 421],
  ['its own name', '/ui/', { host: 'rtvm.example.org' }, 200],
  ['a name of the cluster', '/ui/', { host: 'rtvm-controller.rtvm-system.svc:8080' }, 200],
  ['events under another name', '/ui/events', { host: 'evil.example' }, 421],
  ['a write', '/ui/', { method: 'POST' }, 405],
  ['a deletion', '/ui/vms/a/b', { method: 'DELETE' }, 405],
  ['a file that is not there', '/ui/../health-server.ts', {}, 404],
  ['a test', '/ui/model.test.ts', {}, 404],
  ['a VM that is not there', '/ui/vms/a/%ff', {}, 404],
  ['metrics, under any name', '/metrics', { host: 'evil.example' }, 200],
])('answers a request for %s', async (_, path, headers, status) => {
  expect((await ask(path, headers as Readonly<Record<string, string>>)).status).toBe(status);
});

it('tells who it is, and what there is', async () => {
  const response = await fetch(`${server.url}/ui/events`);
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  let text = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (text.includes('"complete":true')) break;
  }
  expect(text.startsWith('retry: 1000\nevent: hello\ndata: {"version":"1","title":"t"}\n\n')).toBe(true);
  await expect.poll(() => feed.readers).toBe(0);
});
