// The Kubernetes store on a real API server: the contract of all stores, random histories, storms of writers, thousands of objects.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { node, withLabel, withPriority } from '../../src/store/directory/testing/samples.ts';
import { loadKubeConfig } from '../../src/store/kubernetes/kube-config.ts';
import { openKubernetesStore } from '../../src/store/kubernetes/kubernetes-store.ts';
import { modify } from '../../src/store/modify.ts';
import { storeContract } from '../../src/store/testing/contract.ts';
import { follow } from '../../src/store/testing/follow.ts';
import { checkHistories } from '../../src/store/testing/histories.ts';
import { describeWithKubeApi } from '../testbed/describe-with-kube-api.ts';
import { installCrds } from '../testbed/install-crds.ts';
import { startKubeApi } from '../testbed/kube-api.ts';
import type { KubeApi } from '../testbed/kube-api.ts';
import { kubeRequest } from '../testbed/kube-request.ts';
import { kubeStore, removeAll } from './support/kube-store.ts';

describeWithKubeApi('the store on an API server', () => {
  let api: KubeApi;
  /** What reading says before the CRDs are there. */
  let unserved: readonly unknown[];
  beforeAll(async () => {
    api = await startKubeApi();
    const store = openKubernetesStore({ loadConfig: () => loadKubeConfig({ kubeconfig: api.kubeconfigPath }), component: 'rtvm-test' });
    unserved = await Promise.all([store.get('RealtimeNode', { name: 'host-a' }), store.list('RealtimeNode')].map((reading) => reading.catch((error: unknown) => error)));
    await store.close();
    await installCrds(api);
    await kubeRequest(api, 'POST', '/api/v1/namespaces', { body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'lab' } } });
  });
  afterAll(async () => {
    await api.stop();
  });

  const empty = async () => {
    const { store } = kubeStore(api);
    await removeAll(store);
    return store;
  };

  storeContract('the contract of all stores', async () => ({ store: await empty(), other: kubeStore(api).store }));

  test('two processes never lose a write, whatever they do in which order', async () => {
    await checkHistories(async () => {
      await empty();
      return {
        stores: [kubeStore(api).store, kubeStore(api).store],
        reopen: async (store) => {
          await store.close();
          return kubeStore(api).store;
        },
        end: () => Promise.resolve(),
      };
    }, { deletionRaisesGeneration: true, staleWritesMayBeNone: true }, { numRuns: 40, maxCommands: 40, timeLimitMs: 60_000 });
  });

  test('ten processes that write one object at once all get through, and each conflict is told', async () => {
    const store = await empty();
    await store.create(node('host-a'));
    const writers = Array.from({ length: 10 }, () => kubeStore(api));
    await Promise.all(writers.map(async ({ store: writer }) => {
      for (let count = 0; count < 10; count += 1) {
        await modify(writer, 'RealtimeNode', { name: 'host-a' }, (object) => ({ ...object, status: { latency: { maxMicroseconds: (object.status?.latency?.maxMicroseconds ?? 0) + 1 } } }), { write: 'updateStatus' });
      }
    }));
    expect((await store.get('RealtimeNode', { name: 'host-a' }))?.status?.latency).toStrictEqual({ maxMicroseconds: 100 });
    const writes = writers.flatMap(({ requests }) => requests).filter((request) => request.startsWith('PUT'));
    expect(writes.length).toBeGreaterThan(100);
  });

  test('1,200 objects are listed in pages and watched whole', { timeout: 120_000 }, async () => {
    const store = await empty();
    const names = Array.from({ length: 1200 }, (_, index) => `host-${String(index).padStart(4, '0')}`);
    await Promise.all(names.map((name) => store.create(node(name))));
    const { store: reader, requests } = kubeStore(api);
    expect((await reader.list('RealtimeNode')).map(({ metadata }) => metadata.name)).toStrictEqual(names);
    expect(requests.map((request) => /limit=\d+(&continue=)?/.exec(request)?.[0])).toStrictEqual(['limit=500', 'limit=500&continue=', 'limit=500&continue=']);
    const { until, told, objects } = follow((signal) => reader.watch('RealtimeNode', {}, signal));
    await until('it is synced', () => told.includes('synced'));
    expect([...objects.keys()].sort()).toStrictEqual(names);
    await removeAll(store);
    await until('all are gone', () => objects.size === 0);
  });

  test('what differs is written, and nothing else', async () => {
    const { store, requests } = kubeStore(api);
    await removeAll(store);
    const created = await store.create(node('host-a'));
    const written = () => requests.filter((request) => /^(PUT|POST)/.test(request)).length;
    const before = written();
    expect(await store.update({ ...created, metadata: { ...created.metadata, labels: {} } })).toBe(created);
    const reported = await store.updateStatus({ ...created, status: { latency: { maxMicroseconds: 1 } } });
    expect(await store.updateStatus({ ...reported, status: { latency: { maxMicroseconds: 1 } } })).toBe(reported);
    expect(written() - before).toBe(1);
  });

  test('one watch request serves all who watch the same', async () => {
    const { store, requests } = kubeStore(api);
    await removeAll(store);
    const watchers = Array.from({ length: 5 }, () => follow((signal) => store.watch('RealtimeNode', {}, signal)));
    const late = await store.create(node('host-a'));
    for (const { until, objects } of watchers) await until('host-a is told', () => objects.has('host-a'));
    await store.update(withPriority(late, 1));
    for (const { until, told } of watchers) await until('the change is told', () => told.includes('modified host-a'));
    expect(requests.filter((request) => request.includes('watch=true'))).toHaveLength(1);
  });

  test('fields of a newer version are left out, and survive being written back', async () => {
    const store = await empty();
    const crd = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/realtimenodes.rtvm.dev';
    const { body: definition } = await kubeRequest<{ spec: { versions: { schema: { openAPIV3Schema: { properties: { spec: { properties: Record<string, unknown> } } } } }[] } }>(api, 'GET', crd);
    definition.spec.versions[0]!.schema.openAPIV3Schema.properties.spec.properties['powerLimitWatts'] = { type: 'integer', default: 90 };
    expect((await kubeRequest(api, 'PUT', crd, { body: definition })).status).toBe(200);
    const raw = '/apis/rtvm.dev/v1alpha1/realtimenodes/host-a';
    const powerLimit = async () => (await kubeRequest<{ spec: { powerLimitWatts?: number } }>(api, 'GET', raw)).body.spec.powerLimitWatts;
    await store.create(node('host-a'));
    await expect.poll(powerLimit, { timeout: 20_000 }).toBe(90);
    const { body } = await kubeRequest<{ spec: object }>(api, 'GET', raw);
    expect((await kubeRequest(api, 'PUT', raw, { body: { ...body, spec: { ...body.spec, powerLimitWatts: 120 } } })).status).toBe(200);

    const read = await store.get('RealtimeNode', { name: 'host-a' });
    expect(read?.spec).toStrictEqual(node('host-a').spec);
    await store.update(withLabel(read!, 'one'));
    expect(await powerLimit()).toBe(120);
    delete definition.spec.versions[0]!.schema.openAPIV3Schema.properties.spec.properties['powerLimitWatts'];
    const { body: current } = await kubeRequest<typeof definition>(api, 'GET', crd);
    expect((await kubeRequest(api, 'PUT', crd, { body: { ...current, spec: definition.spec } })).status).toBe(200);
  });

  test('leases, nodes and pods are read and written, and what is not named survives', async () => {
    const { store } = kubeStore(api);
    const key = { namespace: 'default', name: 'a-lease' };
    const made = await store.createForeign('Lease', { metadata: { ...key, labels: { app: 'rtvm' } }, spec: { holderIdentity: 'me', leaseDurationSeconds: 15 } });
    const { told, until } = follow((signal) => store.watchForeign('Lease', { namespace: 'default', labelSelector: 'app=rtvm' }, signal));
    await until('it is synced', () => told.includes('synced'));
    const taken = await store.updateForeign('Lease', { ...made, spec: { ...made.spec, holderIdentity: 'you' } });
    expect(taken.spec).toStrictEqual({ holderIdentity: 'you', leaseDurationSeconds: 15 });
    await expect(store.updateForeign('Lease', { ...made, spec: {} })).rejects.toThrow(expect.objectContaining({ code: 'CONFLICT', message: 'Lease default/a-lease has changed since it was read, or is not the object that was read. Read it again' }));
    expect(await store.getForeign('Lease', key)).toStrictEqual(taken);
    expect((await store.listForeign('Lease', { labelSelector: 'app=other' }))).toStrictEqual([]);
    await store.deleteForeign('Lease', key, { uid: taken.metadata.uid });
    await until('the deletion is told', () => told.includes('deleted default/a-lease'));
    expect(told).toStrictEqual(['added default/a-lease', 'synced', 'modified default/a-lease', 'deleted default/a-lease']);
    expect(await store.getForeign('Lease', key)).toBeUndefined();
    expect(await store.getForeign('Node', { name: 'no-such-node' })).toBeUndefined();
  });

  test('a kind that is not served is no absence', () => {
    const said = { code: 'NOT_SERVED', message: 'the API server does not serve realtimenodes.rtvm.dev (rtvm.dev/v1alpha1). Install the CRDs of this version: kubectl apply -f deploy/crds' };
    expect(unserved).toEqual([expect.objectContaining(said), expect.objectContaining(said)]);
  });

  test('an object cannot be created where there is no namespace', async () => {
    const { store } = kubeStore(api);
    await expect(store.create({ kind: 'RealtimeImage', metadata: { namespace: 'nowhere', name: 'a' }, spec: { source: { path: 'a.rom' }, format: 'rom' } }))
      .rejects.toThrow(expect.objectContaining({ code: 'NOT_FOUND', message: 'RealtimeImage nowhere/a cannot be created: namespaces "nowhere" not found. Create that first' }));
  });

  test('credentials of a plugin that the server refuses are asked for anew', async () => {
    const credential = (token: string) => JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: { token } });
    const file = path.join(api.dir, 'credential.json');
    writeFileSync(file, credential('outdated'));
    const kubeconfig = path.join(api.dir, 'with-plugin');
    writeFileSync(kubeconfig, readFileSync(api.kubeconfigPath, 'utf8').replace(/^users: .*$/m, `users: [{name: admin, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: cat, args: [${file}], interactiveMode: Never}}}]`));
    const store = openKubernetesStore({ loadConfig: () => loadKubeConfig({ kubeconfig }), component: 'rtvm-test' });
    onTestFinished(() => store.close());
    await expect(store.list('RealtimeVM')).rejects.toThrow(expect.objectContaining({ code: 'FORBIDDEN' }));
    writeFileSync(file, credential(api.token));
    // Not more often than every ten seconds, since each time runs the plugin.
    await expect.poll(() => store.list('RealtimeVM').catch((error: unknown) => error), { timeout: 20_000, interval: 500 }).toStrictEqual([]);
  });
});
