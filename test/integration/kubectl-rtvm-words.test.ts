// A person's words, by kubectl rtvm, on a real API server with the real controller and real agents over hosts that run
// nothing: that a restore is accepted, and that a machine is off whose Node is gone.
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { capturedRun } from '../../src/cli/captured-run.ts';
import { kubectlForm } from '../../src/cli/program-form.ts';
import { describeWithKubeApi } from '../testbed/describe-with-kube-api.ts';
import { installCrds } from '../testbed/install-crds.ts';
import { startKubeApi } from '../testbed/kube-api.ts';
import type { KubeApi } from '../testbed/kube-api.ts';
import type { HollowCluster } from './support/hollow-cluster.ts';
import { kubeCondition, paths } from './support/kube-objects.ts';
import type { KubeVm } from './support/kube-objects.ts';
import { startSmallCluster, systemNamespace, vmsIn } from './support/small-cluster.ts';

const leaderLease = `${paths.leases}/rtvm-controller`;
const patience = { timeout: 60_000, interval: 200 };

interface Annotated {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
}

interface Shown {
  readonly open: boolean;
  readonly id: string | null;
  readonly nodes: readonly { readonly node: string; readonly answered: boolean; readonly saidOff: boolean }[];
  readonly unsettled: readonly object[];
  readonly advice: readonly string[];
}

describeWithKubeApi('a person\'s words', () => {
  let api: KubeApi;
  let cluster: HollowCluster;

  beforeAll(async () => {
    api = await startKubeApi();
    await installCrds(api);
    cluster = await startSmallCluster(api);
    vi.stubEnv('KUBECONFIG', api.kubeconfigPath);
    vi.stubEnv('RTVM_LEASE_NAMESPACE', systemNamespace);
  });

  afterAll(async () => {
    await cluster[Symbol.asyncDispose]();
    await api.stop();
    vi.unstubAllEnvs();
  });

  const rtvm = (...args: readonly string[]) => capturedRun(args, { form: kubectlForm, env: { LANG: 'C.UTF-8' } });
  const shown = async () => JSON.parse((await rtvm('restore', '-o', 'json')).stdout) as Shown;
  const silent = async () => (await shown()).nodes.filter(({ answered, saidOff }) => !answered && !saidOff).map(({ node }) => node);
  /** As a controller writes it that remembers more than there is. */
  const openRestore = async (id: string) => cluster.objects.patch(leaderLease, { metadata: { annotations: { 'rtvm.dev/restore': JSON.stringify({ id, kind: 'found' }) } } });
  const fallSilent = async (node: string) => {
    await cluster.stopAgent(node);
    // The plugin counts 40 s of silence, as the Lease says: made so by putting its last renewal back.
    await cluster.objects.patch(`${paths.leases}/${node}`, { spec: { renewTime: new Date(Date.now() - 100_000).toISOString().replace('Z', '000Z') } });
  };
  const isReady = async () => cluster.objects.when<KubeVm>(`${vmsIn('ran')}/du-1`, (vm) => kubeCondition(vm, 'Ready')?.status === 'True');

  test('without a controller there is nothing to ask', async () => {
    const elsewhere = await rtvm('restore', '--system-namespace', 'ran');
    expect(elsewhere).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('there is no Lease rtvm-controller in namespace ran') as string });
  });

  test('no restore is open: that is said, and none is accepted', async () => {
    expect(await rtvm('restore')).toEqual({ exitCode: 0, stdout: 'no restore of the store is open\n', stderr: '' });
    expect(await shown()).toMatchObject({ open: false, id: null, nodes: [] });
    expect(await rtvm('restore', 'accept', '--yes')).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('no restore of the store is open') as string });
    expect((await rtvm('restore', '--off', 'worker-1')).exitCode).toBe(2);
    expect((await rtvm('restore', 'refuse')).exitCode).toBe(2);
  });

  test('a restore is open until all have answered and a person has accepted it', async () => {
    await isReady();
    await openRestore('r1');
    await expect.poll(silent, patience).toEqual([]);
    expect(await shown()).toMatchObject({ open: true, id: 'r1', unsettled: [] });
    expect(await rtvm('restore')).toMatchObject({ exitCode: 1, stdout: expect.stringContaining('3 of 3 have answered') as string });
    expect(await rtvm('restore', 'accept', '--off', 'worker-9', '--yes')).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('there is no node worker-9') as string });
    expect(await rtvm('restore', 'accept', '--off', 'worker-1', '--yes')).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('worker-1 has answered, so it is not off') as string });
    expect(await rtvm('restore', 'accept')).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('accepted: --yes') as string });
    expect(await shown()).toMatchObject({ open: true });
    expect(await rtvm('restore', 'accept', '--yes')).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('restore r1: accepted') as string });
    await expect.poll(async () => (await shown()).open, patience).toBe(false);
    await isReady();
  });

  test('one that is silent holds it up, until its machine is called off', async () => {
    await fallSilent('worker-3');
    await openRestore('r2');
    await expect.poll(silent, patience).toEqual(['worker-3']);
    expect((await shown()).advice[0]).toContain('kubectl rtvm restore accept --off worker-3');
    expect(await rtvm('restore', 'accept', '--yes')).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('--off worker-3') as string });
    const accepted = await rtvm('restore', 'accept', '--off', 'worker-3', '--yes');
    expect(accepted).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('a machine that is cut off runs its VMs on') as string });
    await expect.poll(async () => (await shown()).open, patience).toBe(false);
    await isReady();
  });

  test('a machine is off whose Node is gone and whose agent is silent', async () => {
    const word = async () => (await cluster.objects.get<Annotated>(`${paths.nodes}/worker-3`))!.metadata.annotations?.['rtvm.dev/out-of-service'];
    const fenced = async () => (await cluster.objects.get<{ spec: { fenced?: boolean } }>(`${paths.tables}/worker-3`))!.spec.fenced;
    expect(await rtvm('fence', 'worker-3', '--yes')).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('accepted: kubectl taint node worker-3 node.kubernetes.io/out-of-service=nodeshutdown:NoExecute') as string });
    await cluster.objects.delete(`${paths.clusterNodes}/worker-3`);
    expect((await rtvm('fence', 'worker-3')).stderr).toMatch(/Be sure that worker-3 is off[^]*accepted: --yes/);
    expect(await word()).toBeUndefined();
    expect(await rtvm('fence', 'worker-3', '--yes')).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('said to be off') as string });
    expect(await word()).toMatch(/^\S+ \(\S+\) \d{4}-\d\d-\d\dT/);
    await expect.poll(fenced, patience).toBe(true);
    expect((await rtvm('host-check', 'worker-3')).stdout.replace(/\s+/g, ' ')).toContain('has said that the machine of worker-3 is off');
    expect(await rtvm('fence', 'worker-3', '--undo')).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('not said to be off any more') as string });
    expect(await word()).toBeUndefined();
    expect(await rtvm('fence', 'worker-3', '--undo')).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('nobody has said') as string });
  });

  test('and not one whose agent is at work', async () => {
    await cluster.objects.delete(`${paths.clusterNodes}/worker-2`);
    expect(await rtvm('fence', 'worker-2', '--yes')).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('so the machine is on') as string });
  });
});
