// Guard pods and what a drain does, on a real API server. It has no PodDisruptionBudgets, and takes no CRD of their group, which
// has no dot: they are kept in memory here, and the test evicts as kubectl drain does where a budget allows it.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ClusterStore } from '../../src/store/cluster-store.ts';
import type { ForeignByKind, ForeignKind } from '../../src/store/foreign.ts';
import type { ObjectKey } from '../../src/store/resource.ts';
import { describeWithKubeApi } from '../testbed/describe-with-kube-api.ts';
import { installCrds } from '../testbed/install-crds.ts';
import { startKubeApi } from '../testbed/kube-api.ts';
import type { KubeApi } from '../testbed/kube-api.ts';
import { HollowCluster } from './support/hollow-cluster.ts';
import { kubeCondition, paths } from './support/kube-objects.ts';
import type { KubeVm } from './support/kube-objects.ts';

const guardPath = '/api/v1/namespaces/default/pods/rtvm-guard-n1';

interface Guard {
  readonly metadata: { readonly uid: string; readonly deletionTimestamp?: string; readonly deletionGracePeriodSeconds?: number };
  readonly spec: { readonly nodeName: string; readonly containers: readonly { readonly resources: { readonly requests: object } }[] };
}

/** The API server, with the one kind that it lacks. */
function withBudgets(store: ClusterStore, budgets: Map<string, ForeignByKind['PodDisruptionBudget']>): ClusterStore {
  const keyOf = ({ namespace = '', name }: ObjectKey) => `${namespace}/${name}`;
  const isBudget = (kind: ForeignKind) => kind === 'PodDisruptionBudget';
  return {
    listForeign: (...args) => store.listForeign(...args),
    watchForeign: (...args) => store.watchForeign(...args),
    updateForeign: (...args) => store.updateForeign(...args),
    getForeign: async (kind, key, signal) => (isBudget(kind) ? budgets.get(keyOf(key)) as never : store.getForeign(kind, key, signal)),
    createForeign: async (kind, draft, signal) => {
      if (!isBudget(kind)) return store.createForeign(kind, draft, signal);
      const made = { ...draft, metadata: { ...draft.metadata, uid: randomUUID(), resourceVersion: '1', creationTimestamp: new Date().toISOString() } };
      budgets.set(keyOf(draft.metadata), made);
      return made as never;
    },
    deleteForeign: async (kind, key, ...rest) => {
      if (isBudget(kind)) budgets.delete(keyOf(key));
      else await store.deleteForeign(kind, key, ...rest);
    },
  };
}

describeWithKubeApi('the guard of a node', () => {
  let api: KubeApi;
  let cluster: HollowCluster;
  const budgets = new Map<string, ForeignByKind['PodDisruptionBudget']>();

  let kubelet: NodeJS.Timeout | undefined;

  /** What a kubelet does with a pod that is being deleted: its containers have ended, so its grace is over. */
  async function endPods(): Promise<void> {
    for (const { metadata } of await cluster.objects.list<Guard>('/api/v1/namespaces/default/pods')) {
      if (metadata.deletionTimestamp !== undefined && metadata.deletionGracePeriodSeconds !== 0) await cluster.objects.delete(`${guardPath}?gracePeriodSeconds=0`);
    }
  }

  beforeAll(async () => {
    api = await startKubeApi();
    await installCrds(api);
    cluster = new HollowCluster(api);
    await cluster.addNode('n1');
    kubelet = setInterval(() => void endPods().catch(() => undefined), 200);
    cluster.startController({ guard: { namespace: 'default', image: 'registry.k8s.io/pause:3.10' }, cluster: (store) => withBudgets(store, budgets) });
  });

  afterAll(async () => {
    clearInterval(kubelet);
    await cluster[Symbol.asyncDispose]();
    await api.stop();
  });

  const create = async (name: string, spec: object) => cluster.objects.create(paths.vms, {
    apiVersion: 'rtvm.dev/v1alpha1', kind: 'RealtimeVM', metadata: { name },
    spec: { cpu: { vcpus: 2, policy: 'Mixed', coreSharing: 'Allow', realtime: {} }, memory: { size: '32Mi', pageSize: '2Mi' }, disks: [{ name: 'data', emptySize: '1Mi', persistence: 'NodeLocal' }], terminationGracePeriodSeconds: 1, ...spec },
  });
  const vm = async (name: string, wanted: (vm: KubeVm) => boolean) => cluster.objects.when<KubeVm>(`${paths.vms}/${name}`, (object) => object !== undefined && wanted(object));
  const isReady = (object: KubeVm) => kubeCondition(object, 'Ready')?.status === 'True';
  const guard = async (wanted: (pod: Guard | undefined) => boolean) => cluster.objects.when<Guard>(guardPath, wanted);
  const cordon = async (unschedulable: boolean) => cluster.objects.patch(`${paths.clusterNodes}/n1`, { spec: { unschedulable } });
  const running = () => cluster.hosts.get('n1')!.running().length;

  test('asks for what the guests hold, blocks a drain while one says so, and stops the others when it is evicted', async () => {
    await create('stays', {});
    await create('goes', { evictionStrategy: 'Shutdown' });
    await Promise.all(['stays', 'goes'].map((name) => vm(name, isReady)));
    const pod = await guard((found) => (found?.spec.containers[0]?.resources.requests as { 'hugepages-2Mi'?: string } | undefined)?.['hugepages-2Mi'] === '64Mi');
    expect(pod?.spec.nodeName).toBe('n1');
    await expect.poll(() => budgets.get('default/rtvm-guard-n1'), { timeout: 30_000 }).toMatchObject({ spec: { maxUnavailable: 0, selector: { matchLabels: { 'rtvm.dev/guard': 'n1' } } } });

    // Deleted by hand, without a drain: it is made again, and nobody is stopped.
    await cluster.objects.delete(guardPath);
    await guard((found) => found !== undefined && found.metadata.uid !== pod?.metadata.uid && found.metadata.deletionTimestamp === undefined);
    expect(running()).toBe(2);

    // The VM that blocks is deleted; the budget goes, the guard asks for less, and a drain may begin.
    await cluster.objects.delete(`${paths.vms}/stays`);
    await expect.poll(() => budgets.size, { timeout: 30_000 }).toBe(0);
    await guard((found) => JSON.stringify(found?.spec.containers[0]?.resources.requests ?? {}).includes('"32Mi"') && found?.metadata.deletionTimestamp === undefined);
    await cordon(true);
    await sleep(300);
    await cluster.objects.delete(guardPath);
    await guard((found) => found === undefined);
    expect(running()).toBe(0);
    const waiting = await vm('goes', (object) => kubeCondition(object, 'Placed')?.status === 'False');
    expect(kubeCondition(waiting, 'Placed')).toMatchObject({ reason: 'HostUnschedulable' });
    const events = await cluster.objects.list<{ reason: string; involvedObject: { name: string } }>('/api/v1/namespaces/default/events');
    expect(events.filter(({ involvedObject }) => involvedObject.name === 'goes').map(({ reason }) => reason)).toContain('Drained');

    await cordon(false);
    await vm('goes', isReady);
    await guard((found) => found !== undefined && found.metadata.deletionTimestamp === undefined);
  });
});
