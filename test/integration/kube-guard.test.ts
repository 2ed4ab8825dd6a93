// Guard pods and what a drain does, on a real API server and with the real kubectl drain. In place of a kubelet the test ends pods, and
// in place of Kubernetes' disruption controller it says what budgets allow.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWithKubeApi } from '../testbed/describe-with-kube-api.ts';
import { installCrds } from '../testbed/install-crds.ts';
import { startKubeApi } from '../testbed/kube-api.ts';
import type { KubeApi } from '../testbed/kube-api.ts';
import { kubectl, kubernetesTools } from '../testbed/kubectl.ts';
import { servePolicy } from '../testbed/policy-proxy.ts';
import type { ServedApi } from '../testbed/policy-proxy.ts';
import { HollowCluster } from './support/hollow-cluster.ts';
import { kubeCondition, paths } from './support/kube-objects.ts';
import type { KubeVm } from './support/kube-objects.ts';

const pods = '/api/v1/namespaces/default/pods';
const guardPath = `${pods}/rtvm-guard-n1`;
const budgetPath = '/apis/policy/v1/namespaces/default/poddisruptionbudgets/rtvm-guard-n1';

interface Guard {
  readonly metadata: { readonly uid: string; readonly deletionTimestamp?: string; readonly deletionGracePeriodSeconds?: number; readonly ownerReferences?: readonly object[] };
  readonly spec: { readonly nodeName: string; readonly containers: readonly { readonly resources: { readonly requests: Readonly<Record<string, string>> } }[] };
  readonly status?: { readonly phase?: string };
}

describeWithKubeApi('the guard of a node', () => {
  let api: KubeApi;
  let served: ServedApi & AsyncDisposable;
  let cluster: HollowCluster;
  let others: NodeJS.Timeout | undefined;

  /** What a kubelet does: containers start and are ready, and those of a pod that is being deleted have ended when its grace is over. */
  async function keepPods(): Promise<void> {
    for (const { metadata, status } of await cluster.objects.list<Guard>(pods)) {
      if (metadata.deletionTimestamp !== undefined && metadata.deletionGracePeriodSeconds !== 0) await cluster.objects.delete(`${guardPath}?gracePeriodSeconds=0`);
      else if (status?.phase === 'Pending') await cluster.objects.patch(`${guardPath}/status`, { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } });
    }
  }

  /** What the disruption controller does for a budget that wants one pod of one. Until it has, kubectl drain waits without a word. */
  async function keepBudget(): Promise<void> {
    const budget = await cluster.objects.get<{ readonly metadata: { readonly generation: number }; readonly status?: { readonly observedGeneration?: number } }>(budgetPath);
    if (budget === undefined || budget.status?.observedGeneration === budget.metadata.generation) return;
    await cluster.objects.patch(`${budgetPath}/status`, { status: { observedGeneration: budget.metadata.generation, expectedPods: 1, currentHealthy: 1, desiredHealthy: 1, disruptionsAllowed: 0 } });
  }

  beforeAll(async () => {
    api = await startKubeApi();
    await installCrds(api);
    served = await servePolicy(api);
    cluster = new HollowCluster(served);
    await cluster.addNode('n1');
    others = setInterval(() => void Promise.all([keepPods(), keepBudget()]).catch(() => undefined), 200);
    cluster.startController({ guard: { namespace: 'default', image: 'registry.k8s.io/pause:3.10' } });
  });

  afterAll(async () => {
    clearInterval(others);
    await cluster[Symbol.asyncDispose]();
    await served[Symbol.asyncDispose]();
    await api.stop();
  });

  const create = async (name: string, spec: object) => cluster.objects.create(paths.vms, {
    apiVersion: 'rtvm.dev/v1alpha1', kind: 'RealtimeVM', metadata: { name },
    spec: { cpu: { vcpus: 2, policy: 'Mixed', coreSharing: 'Allow', realtime: {} }, memory: { size: '32Mi', pageSize: '2Mi' }, disks: [{ name: 'data', emptySize: '1Mi', persistence: 'NodeLocal' }], terminationGracePeriodSeconds: 1, ...spec },
  });
  const vm = async (name: string, wanted: (vm: KubeVm) => boolean) => cluster.objects.when<KubeVm>(`${paths.vms}/${name}`, (object) => object !== undefined && wanted(object));
  const isReady = (object: KubeVm) => kubeCondition(object, 'Ready')?.status === 'True';
  const guard = async (wanted: (pod: Guard | undefined) => boolean) => cluster.objects.when<Guard>(guardPath, wanted);
  const asksFor = (pages: string) => (pod: Guard | undefined) => pod?.spec.containers[0]?.resources.requests['hugepages-2Mi'] === pages && pod.metadata.deletionTimestamp === undefined && pod.status?.phase === 'Running';
  const running = () => cluster.hosts.get('n1')!.running().length;

  test('asks for what the guests hold, blocks kubectl drain while one says so, and stops the others when it is evicted', async () => {
    await create('stays', {});
    await create('goes', { evictionStrategy: 'Shutdown' });
    await Promise.all(['stays', 'goes'].map((name) => vm(name, isReady)));
    const pod = await guard(asksFor('64Mi'));
    expect(pod?.spec.nodeName).toBe('n1');
    expect(pod?.metadata.ownerReferences).toMatchObject([{ kind: 'RealtimeAllocation', name: 'n1', controller: true }]);
    expect(await cluster.objects.when(budgetPath, (budget) => budget !== undefined)).toMatchObject({ spec: { minAvailable: 1, selector: { matchLabels: { 'rtvm.dev/guard': 'rtvm-guard-n1' } } } });

    // Deleted by hand, without a drain: it is made again, and nobody is stopped.
    await cluster.objects.delete(guardPath);
    await guard((found) => asksFor('64Mi')(found) && found?.metadata.uid !== pod?.metadata.uid);
    expect(running()).toBe(2);

    const { kubectl: binary } = await kubernetesTools();
    const drain = spawn(binary, ['--kubeconfig', served.kubeconfigPath, 'drain', 'n1', '--ignore-daemonsets', '--timeout', '120s'], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [drain.stdout, drain.stderr]) stream.setEncoding('utf8').on('data', (text: string) => { said += text; });
    const ended = once(drain, 'exit');
    try {
      await expect.poll(() => said, { timeout: 30_000 }).toMatch(/evicting pod default\/rtvm-guard-n1[^]*Cannot evict pod as it would violate the pod's disruption budget/);
      expect(running()).toBe(2);
      // The VM that blocks is deleted: its budget goes, and the drain, which has been trying all the while, gets through.
      await cluster.objects.delete(`${paths.vms}/stays`);
      expect((await ended)[0], said).toBe(0);
    } finally {
      drain.kill('SIGKILL');
    }
    expect(said).toMatch(/node\/n1 drained/);
    expect(running()).toBe(0);
    const waiting = await vm('goes', (object) => kubeCondition(object, 'Placed')?.status === 'False');
    expect(kubeCondition(waiting, 'Placed')).toMatchObject({ reason: 'HostUnschedulable' });
    await expect.poll(async () => {
      const events = await cluster.objects.list<{ reason: string; involvedObject: { name: string } }>('/api/v1/namespaces/default/events');
      return events.filter(({ involvedObject }) => involvedObject.name === 'goes').map(({ reason }) => reason);
    }).toContain('Drained');

    expect((await kubectl(served.kubeconfigPath, 'uncordon', 'n1')).exitCode).toBe(0);
    await vm('goes', isReady);
    await guard(asksFor('32Mi'));
    expect(cluster.log.entries.filter(({ message }) => message.includes('guard'))).toEqual([]);
  });
});
