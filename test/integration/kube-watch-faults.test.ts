// Watches on a real API server that is restarted, killed, hung, cut off or put back to an older state: readers end up with what is.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { node, withPriority } from '../../src/store/directory/testing/samples.ts';
import type { KubernetesStore } from '../../src/store/kubernetes/kubernetes-store.ts';
import { modify } from '../../src/store/modify.ts';
import { follow } from '../../src/store/testing/follow.ts';
import type { Followed } from '../../src/store/testing/follow.ts';
import { describeWithKubeApi } from '../testbed/describe-with-kube-api.ts';
import { installCrds } from '../testbed/install-crds.ts';
import { startKubeApi } from '../testbed/kube-api.ts';
import type { KubeApi } from '../testbed/kube-api.ts';
import { cutProxy } from './support/cut-proxy.ts';
import { kubeStore, removeAll } from './support/kube-store.ts';

/** Watches that end at once and are missed soon, so that a test sees both. */
const hasty = { leastSeconds: 2, mostSeconds: 3, graceMs: 1_000, silenceAfterBookmarkMs: 190_000 };
const watches = (requests: readonly string[]) => requests.filter((request) => request.includes('watch=true'));

describeWithKubeApi('a watch of an API server in trouble', () => {
  let api: KubeApi;
  beforeAll(async () => {
    api = await startKubeApi();
    await installCrds(api);
  });
  afterAll(async () => {
    await api.stop();
  });

  /** A second process that writes, and hosts a and b. */
  const writer = async () => {
    const { store } = kubeStore(api);
    await removeAll(store);
    for (const name of ['host-a', 'host-b']) await store.create(node(name));
    return store;
  };

  const synced = async (watched: Followed) => watched.until('it is synced', () => watched.told.includes('synced'));

  const agrees = async (watched: Followed, store: KubernetesStore) => {
    await watched.until('host-z is told', () => watched.objects.has('host-z'));
    expect(Object.fromEntries(watched.objects)).toStrictEqual(Object.fromEntries((await store.list('RealtimeNode')).map((object) => [object.metadata.name, object])));
  };

  test('one that ends in its time goes on where it was, and reads nothing twice', { timeout: 120_000 }, async () => {
    const store = await writer();
    const { store: reader, requests } = kubeStore(api, { watchTiming: hasty });
    const watched = follow((signal) => reader.watch('RealtimeNode', {}, signal));
    await synced(watched);
    for (const deadline = Date.now() + 60_000; watches(requests).length < 4;) {
      if (Date.now() > deadline) throw new Error(`still ${watches(requests).length} watches`);
      await modify(store, 'RealtimeNode', { name: 'host-a' }, (host) => withPriority(host, (host.spec.maxPriority % 49) + 1));
      await sleep(100);
    }
    await store.create(node('host-z'));
    await agrees(watched, store);
    expect(requests.filter((request) => !request.includes('watch=true'))).toStrictEqual([]);
    expect(watches(requests).map((request) => /sendInitialEvents|resourceVersion=\d+/.exec(request)?.[0].split('=')[0])).toStrictEqual(['sendInitialEvents', ...watches(requests).slice(1).map(() => 'resourceVersion')]);
    expect(watched.told.filter((text) => text.startsWith('deleted') || text.startsWith('problems'))).toStrictEqual([]);
  });

  test('the server is killed and started again, and what happened meanwhile is told', { timeout: 120_000 }, async () => {
    const store = await writer();
    const watched = follow((end) => kubeStore(api).store.watch('RealtimeNode', {}, end));
    await synced(watched);
    await api.restart('SIGKILL');
    await store.delete('RealtimeNode', { name: 'host-b' });
    await store.create(node('host-z'));
    await agrees(watched, store);
    expect(watched.told.filter((text) => text.startsWith('deleted'))).toStrictEqual(['deleted host-b']);
  });

  test('connections are cut again and again, within events too', { timeout: 120_000 }, async () => {
    const store = await writer();
    const { proxy, url } = await cutProxy(api.url);
    const { store: reader } = kubeStore(api, { url });
    const watched = follow((signal) => reader.watch('RealtimeNode', {}, signal));
    await synced(watched);
    for (const bytes of [1, 40, 300, 900]) {
      proxy.cutAfter(bytes);
      await modify(store, 'RealtimeNode', { name: 'host-a' }, (host) => withPriority(host, (host.spec.maxPriority % 49) + 1));
      await sleep(300);
      proxy.cutAfter(undefined);
      const priority = (await store.get('RealtimeNode', { name: 'host-a' }))!.spec.maxPriority;
      await watched.until(`priority ${priority} is told`, () => (watched.objects.get('host-a') as { spec?: { maxPriority: number } } | undefined)?.spec?.maxPriority === priority);
    }
    proxy.cut();
    await store.delete('RealtimeNode', { name: 'host-b' });
    await store.create(node('host-z'));
    await agrees(watched, store);
    expect(watched.told.filter((text) => text.startsWith('deleted'))).toStrictEqual(['deleted host-b']);
  });

  test('a connection that stays open and carries nothing is noticed and replaced', { timeout: 120_000 }, async () => {
    const store = await writer();
    const { proxy, url } = await cutProxy(api.url);
    const { store: reader } = kubeStore(api, { url, watchTiming: hasty });
    const watched = follow((signal) => reader.watch('RealtimeNode', {}, signal));
    await synced(watched);
    proxy.freeze();
    await store.delete('RealtimeNode', { name: 'host-b' });
    await store.create(node('host-z'));
    await sleep(1_000);
    expect([...watched.objects.keys()]).toStrictEqual(['host-a', 'host-b']);
    proxy.thaw();
    await agrees(watched, store);
  });

  test('requests are not lost on kept-alive connections that died together', { timeout: 60_000 }, async () => {
    await writer();
    const { proxy, url } = await cutProxy(api.url);
    const { store: reader } = kubeStore(api, { url });
    const get = (signal?: AbortSignal) => reader.get('RealtimeNode', { name: 'host-a' }, signal);
    await Promise.all(Array.from({ length: 8 }, () => get()));
    expect(proxy.connections).toBeGreaterThan(4);
    proxy.freeze();
    await expect(get(AbortSignal.timeout(500))).rejects.toThrow(expect.objectContaining({ name: 'TimeoutError' }));
    proxy.thaw();
    expect(await get(AbortSignal.timeout(30_000))).toMatchObject({ metadata: { name: 'host-a' } });
  });

  test('a server that hangs is waited for, and nothing is taken for gone', { timeout: 120_000 }, async () => {
    const store = await writer();
    const watched = follow((signal) => kubeStore(api, { watchTiming: hasty }).store.watch('RealtimeNode', {}, signal));
    await synced(watched);
    onTestFinished(() => api.thaw());
    api.freeze();
    await sleep(6_000);
    await expect(store.get('RealtimeNode', { name: 'host-a' }, AbortSignal.timeout(500))).rejects.toThrow(expect.objectContaining({ name: 'TimeoutError' }));
    api.thaw();
    await store.create(node('host-z'));
    await agrees(watched, store);
    expect(watched.told.filter((text) => text.startsWith('deleted'))).toStrictEqual([]);
  });

  test('data that is put back to an older state is what is told then, though versions repeat', { timeout: 180_000 }, async () => {
    const store = await writer();
    const saved = await api.saveData();
    const watched = follow((signal) => kubeStore(api).store.watch('RealtimeNode', {}, signal));
    await synced(watched);
    await store.delete('RealtimeNode', { name: 'host-b' });
    await store.create(node('host-c'));
    for (let priority = 1; priority <= 20; priority += 1) await modify(store, 'RealtimeNode', { name: 'host-a' }, (host) => withPriority(host, priority));
    await watched.until('host-c is told', () => watched.objects.has('host-c'));

    // Asked to end, it would wait a minute for watches to end first.
    await api.stopServer('SIGKILL');
    await api.rollBack(saved);
    // As many writes again: versions reach those that the watch had already seen, with other contents.
    for (let priority = 49; priority >= 20; priority -= 1) await modify(store, 'RealtimeNode', { name: 'host-a' }, (host) => withPriority(host, priority));
    await store.create(node('host-z'));
    await agrees(watched, store);
    expect([...watched.objects.keys()].sort()).toStrictEqual(['host-a', 'host-b', 'host-z']);
  });

  test('a server that stays away is told as a problem, and as mended when it is back', { timeout: 120_000 }, async () => {
    const store = await writer();
    const { store: reader } = kubeStore(api);
    const watched = follow((signal) => reader.watch('RealtimeNode', {}, signal));
    await synced(watched);
    await api.stopServer('SIGKILL');
    await watched.until('the problem is told', () => watched.told.at(-1)?.startsWith('problems: ') === true);
    const address = api.url.replaceAll('.', '\\.');
    expect(watched.told.at(-1)).toMatch(new RegExp(`^problems: ${address}/apis/rtvm\\.dev/v1alpha1/realtimenodes: realtimenodes: watch failed: the API server at ${address}: connect ECONNREFUSED`));
    expect(await reader.diagnostics()).toEqual([expect.objectContaining({ code: 'STORE_FAILED' })]);
    expect([...watched.objects.keys()]).toStrictEqual(['host-a', 'host-b']);
    await api.start();
    await watched.until('it is told as mended', () => watched.told.at(-1) === 'problems: ');
    expect(await reader.diagnostics()).toStrictEqual([]);
    await store.create(node('host-z'));
    await agrees(watched, store);
  });
});
