import { afterEach, beforeEach, expect, it } from 'vitest';
import { serveHealth } from './health-server.ts';
import type { Complaint, HealthServer } from './health-server.ts';

let server: HealthServer;
let health: Complaint;
let readiness: Complaint;
let gather: () => Promise<string>;

beforeEach(async () => {
  [health, readiness, gather] = [undefined, undefined, () => Promise.resolve('a_total 1\n')];
  server = await serveHealth({ host: '127.0.0.1', port: 0, health: () => health, readiness: () => readiness, metrics: { contentType: 'text/plain; version=0.0.4', metrics: () => gather() } });
});
afterEach(() => server[Symbol.asyncDispose]());

async function ask(path: string, method = 'GET'): Promise<readonly [number, string | null, string]> {
  const response = await fetch(`${server.url}${path}`, { method });
  return [response.status, response.headers.get('content-type'), await response.text()];
}

const plain = 'text/plain; charset=utf-8';

it('says how the process is, now', async () => {
  expect(await ask('/healthz')).toEqual([200, plain, 'ok\n']);
  expect(await ask('/readyz?verbose')).toEqual([200, plain, 'ok\n']);
  [health, readiness] = ['audits are late', 'nothing is known yet'];
  expect(await ask('/healthz')).toEqual([503, plain, 'audits are late\n']);
  expect(await ask('/readyz')).toEqual([503, plain, 'nothing is known yet\n']);
});

it('gives metrics, and goes on when they cannot be gathered', async () => {
  expect(await ask('/metrics')).toEqual([200, 'text/plain; version=0.0.4', 'a_total 1\n']);
  gather = () => Promise.reject(new Error('no'));
  expect(await ask('/metrics')).toEqual([500, plain, 'metrics cannot be gathered: no\n']);
  expect((await ask('/healthz'))[0]).toBe(200);
});

it('answers nothing else', async () => {
  expect((await ask('/'))[0]).toBe(404);
  expect((await ask('/metrics', 'POST'))[0]).toBe(405);
});

it('says which address it could not have', async () => {
  const port = Number(new URL(server.url).port);
  const another = serveHealth({ host: '127.0.0.1', port, health: () => health, readiness: () => readiness, metrics: { contentType: plain, metrics: gather } });
  await expect(another).rejects.toMatchObject({ code: 'CANNOT_LISTEN', message: expect.stringContaining(`127.0.0.1:${port} cannot be listened on`) as unknown });
});
