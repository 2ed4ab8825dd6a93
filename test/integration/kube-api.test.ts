import { existsSync } from 'node:fs';
import { request } from 'node:https';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWithKubeApi } from '../testbed/describe-with-kube-api.ts';
import { startKubeApi } from '../testbed/kube-api.ts';
import type { KubeApi } from '../testbed/kube-api.ts';

/** Status code and body of one request. */
async function ask(api: KubeApi, method: string, path: string, body?: object): Promise<{ readonly status: number; readonly body: unknown }> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${api.token}`, 'content-type': 'application/json' };
    const call = request(`${api.url}${path}`, { method, headers, rejectUnauthorized: false, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(Buffer.concat(chunks).toString('utf8')) }));
    });
    call.on('error', reject);
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

const configMaps = '/api/v1/namespaces/default/configmaps';

async function names(api: KubeApi): Promise<readonly string[]> {
  const { body } = await ask(api, 'GET', configMaps);
  return (body as { items: { metadata: { name: string } }[] }).items.map(({ metadata }) => metadata.name).filter((name) => name.startsWith('test-'));
}

describeWithKubeApi('the API server of the test bed', () => {
  let api: KubeApi;

  beforeAll(async () => {
    api = await startKubeApi();
  });

  afterAll(async () => {
    const { dir } = api;
    await api.stop();
    await api.stop();
    expect(existsSync(dir)).toBe(false);
  });

  test('keeps its data over a restart and goes back to what was saved', async () => {
    const create = async (name: string) => (await ask(api, 'POST', configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } })).status;
    expect(await create('test-a')).toBe(201);
    const saved = await api.saveData();
    expect(await create('test-b')).toBe(201);
    const before = api.serverPid;
    await api.restart('SIGKILL');
    expect(api.serverPid).not.toBe(before);
    expect(await names(api)).toEqual(['test-a', 'test-b']);
    await api.rollBack(saved);
    expect(await names(api)).toEqual(['test-a']);
  });

  test('answers after it was frozen', async () => {
    api.freeze();
    const answer = names(api);
    api.thaw();
    expect(await answer).toEqual(['test-a']);
  });
});
