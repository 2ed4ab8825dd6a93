// The bad manifests of the corpus that only the cluster can refuse: applied all at once, each becomes a RealtimeVM whose Ready
// condition says, word for word, what its file says.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { badManifests } from '../corpus/bad-manifests.ts';
import { describeWithKubeApi } from '../testbed/describe-with-kube-api.ts';
import { installCrds } from '../testbed/install-crds.ts';
import { startKubeApi } from '../testbed/kube-api.ts';
import type { KubeApi } from '../testbed/kube-api.ts';
import { kubectl } from '../testbed/kubectl.ts';
import { HollowCluster } from './support/hollow-cluster.ts';
import { kubeCondition, paths } from './support/kube-objects.ts';
import type { KubeVm } from './support/kube-objects.ts';

const manifests = badManifests().flatMap(({ file, path, condition }) => (condition === undefined ? [] : [{ name: file.replace(/\.yaml$/, ''), path, condition }]));

describeWithKubeApi('manifests that only the cluster can refuse', () => {
  let api: KubeApi;
  let cluster: HollowCluster;

  beforeAll(async () => {
    api = await startKubeApi();
    await installCrds(api);
    cluster = new HollowCluster(api);
    await cluster.addNode('n1');
    cluster.startController();
    const applied = await kubectl(api.kubeconfigPath, 'apply', ...manifests.flatMap(({ path }) => ['-f', path]));
    expect(applied, 'the API server itself refuses none of them').toMatchObject({ exitCode: 0, stderr: '' });
  });

  afterAll(async () => {
    await cluster[Symbol.asyncDispose]();
    await api.stop();
  });

  test.each(manifests)('$name', async ({ name, condition: { reason, message } }) => {
    const vm = await cluster.objects.when<KubeVm>(`${paths.vms}/${name}`, (object) => kubeCondition(object, 'Ready')?.status === 'False', 20_000);
    const { generation } = vm!.metadata;
    expect(kubeCondition(vm, 'Ready')).toMatchObject({ reason, message, observedGeneration: generation });
    // Whoever waits for it by kstatus is told to stop, or to go on waiting.
    if (reason === 'Invalid') expect(kubeCondition(vm, 'Stalled')).toMatchObject({ status: 'True', reason, message });
    else expect(kubeCondition(vm, 'Reconciling')).toMatchObject({ status: 'True', reason });
    expect(vm?.status?.placement).toBeUndefined();
  });
});
