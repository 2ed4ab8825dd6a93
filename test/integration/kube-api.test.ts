import { existsSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWithKubeApi } from '../testbed/describe-with-kube-api.ts';
import { startKubeApi } from '../testbed/kube-api.ts';
import type { KubeApi } from '../testbed/kube-api.ts';
import { kubeRequest } from '../testbed/kube-request.ts';

const configMaps = '/api/v1/namespaces/default/configmaps';

async function names(api: KubeApi): Promise<readonly string[]> {
  const { body } = await kubeRequest<{ items: { metadata: { name: string } }[] }>(api, 'GET', configMaps);
  return body.items.map(({ metadata }) => metadata.name).filter((name) => name.startsWith('test-'));
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
    const create = async (name: string) => (await kubeRequest(api, 'POST', configMaps, { body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } } })).status;
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
