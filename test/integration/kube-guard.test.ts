// Guard pods and what a drain does, on a real API server. It has no PodDisruptionBudgets and nobody who enforces them: a stub
// of the kind takes their place, and the test evicts as kubectl drain does where a budget allows it.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWithKubeApi } from '../testbed/describe-with-kube-api.ts';
import { installCrds } from '../testbed/install-crds.ts';
import { startKubeApi } from '../testbed/kube-api.ts';
import type { KubeApi } from '../testbed/kube-api.ts';
import { HollowCluster } from './support/hollow-cluster.ts';
import { kubeCondition, paths } from './support/kube-objects.ts';
import type { KubeVm } from './support/kube-objects.ts';

const guardPath = '/api/v1/namespaces/default/pods/rtvm-guard-n1';
const budgetPath = '/apis/policy/v1/namespaces/default/poddisruptionbudgets/rtvm-guard-n1';
const budgets = {
  apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'poddisruptionbudgets.policy', annotations: { 'api-approved.kubernetes.io': 'https://github.com/kubernetes/kubernetes' } },
  spec: {
    group: 'policy', scope: 'Namespaced', names: { plural: 'poddisruptionbudgets', singular: 'poddisruptionbudget', kind: 'PodDisruptionBudget', listKind: 'PodDisruptionBudgetList' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } }],
  },
};

interface Guard {
  readonly metadata: { readonly uid: string; readonly deletionTimestamp?: string };
  readonly spec: { readonly nodeName: string; readonly containers: readonly { readonly resources: { readonly requests: object } }[] };
}

describeWithKubeApi('the guard of a node', () => {
  let api: KubeApi;
  let cluster: HollowCluster;

  beforeAll(async () => {
    api = await startKubeApi();
    await installCrds(api);
    cluster = new HollowCluster(api);
    const { objects } = cluster;
    if ((await objects.get('/apis/policy/v1')) === undefined) {
      await objects.create('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', budgets);
      await objects.when('/apis/policy/v1', (served) => served !== undefined);
    }
    await cluster.addNode('n1');
    cluster.startController({ namespace: 'default', image: 'registry.k8s.io/pause:3.10' });
  });

  afterAll(async () => {
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
    expect(await cluster.objects.when(budgetPath, (budget) => budget !== undefined)).toMatchObject({ spec: { maxUnavailable: 0, selector: { matchLabels: { 'rtvm.dev/guard': 'n1' } } } });

    // Deleted by hand, without a drain: it is made again, and nobody is stopped.
    await cluster.objects.delete(guardPath);
    await guard((found) => found !== undefined && found.metadata.uid !== pod?.metadata.uid && found.metadata.deletionTimestamp === undefined);
    expect(running()).toBe(2);

    // The VM that blocks is deleted; the budget goes, the guard asks for less, and a drain may begin.
    await cluster.objects.delete(`${paths.vms}/stays`);
    await cluster.objects.when(budgetPath, (budget) => budget === undefined);
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
