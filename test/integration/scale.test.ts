// How many VMs and nodes one controller carries: the real controller in its own process, the real agents over hypervisors in
// memory, a real API server that counts what it is asked. The figures are those of one small machine that does all of it.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { openKubernetesStore } from '../../src/store/kubernetes/kubernetes-store.ts';
import { loadKubeConfig } from '../../src/store/kubernetes/kube-config.ts';
import { startHollowNodes } from '../hollow/hollow-nodes.ts';
import { startWeighedController } from '../hollow/weighed-controller.ts';
import { describeWithKubeApi } from '../testbed/describe-with-kube-api.ts';
import { installCrds } from '../testbed/install-crds.ts';
import { startKubeApi } from '../testbed/kube-api.ts';
import type { KubeApi } from '../testbed/kube-api.ts';
import { kubeRequest } from '../testbed/kube-request.ts';
import { countedSince, requestCounts, sumOf, writeVerbs } from '../testbed/kube-requests.ts';
import type { RequestCounts } from '../testbed/kube-requests.ts';
import { followTimeline, spreadOf } from './support/timeline.ts';

const leaseNamespace = 'rtvm-system';
const namespace = 'scale';
/** Requests of the test under way at once: "at once" as far as one client can. */
const creators = 24;

const namesOf = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
const isWrite = (verb: string) => (writeVerbs as readonly string[]).includes(verb);

async function startCluster(): Promise<KubeApi> {
  const api = await startKubeApi();
  await installCrds(api);
  for (const name of [leaseNamespace, namespace]) await create(api, '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  return api;
}

async function create(api: KubeApi, path: string, object: object): Promise<void> {
  const { status, body } = await kubeRequest(api, 'POST', path, { body: object });
  if (status !== 201) throw new Error(`${path}: ${JSON.stringify(body)}`);
}

const own = (kind: string, plural: string) => (api: KubeApi, name: string, spec: object) => (
  create(api, `/apis/rtvm.dev/v1alpha1/namespaces/${namespace}/${plural}`, { apiVersion: 'rtvm.dev/v1alpha1', kind, metadata: { name, namespace }, spec })
);
const createImage = own('RealtimeImage', 'realtimeimages');
const createVm = own('RealtimeVM', 'realtimevms');

async function settled(api: KubeApi, nodes: number): Promise<void> {
  const store = storeOf(api);
  try {
    const isKnown = async () => (await store.list('RealtimeNode')).filter(({ status }) => status?.topology !== undefined && status.orphans !== undefined).length === nodes
      && (await store.listForeign('Lease', { namespace: leaseNamespace })).length >= nodes;
    await expect.poll(isKnown, { timeout: 240_000, interval: 1000 }).toBe(true);
  } finally {
    await store.close();
  }
}

function storeOf(api: KubeApi) {
  return openKubernetesStore({ loadConfig: () => loadKubeConfig({ kubeconfig: api.kubeconfigPath }), component: 'scale-test' });
}

function tell(title: string, lines: readonly string[]): void {
  process.stdout.write(`${[title, ...lines.map((line) => `  ${line}`)].join('\n')}\n`);
}

function listed(counts: RequestCounts, per: number): readonly string[] {
  return [...counts].filter(([, count]) => count >= per / 100).map(([what, count]) => `${what}: ${count} (${(count / per).toFixed(2)} a VM)`);
}

describeWithKubeApi('one controller', () => {
  it('places and runs 3,000 VMs on 300 nodes, in few writes and little memory', { timeout: 1_800_000 }, async () => {
    const [nodes, vms] = [300, 3000];
    await using api = await startCluster();
    const warnings: string[] = [];
    await using hollow = await startHollowNodes({ api, names: namesOf('node', nodes), leaseNamespace, warn: (line) => warnings.push(line) });
    await settled(api, hollow.hosts.size);
    await using controller = await startWeighedController(api, leaseNamespace);
    await createImage(api, 'probe', { format: 'rom', source: { path: 'probe.rom' } });
    const store = storeOf(api);
    const end = new AbortController();
    const { timeline, ended } = followTimeline(store, namespace, end.signal);
    // Until the controller has read all that there is.
    await sleep(5000);
    const empty = await controller.weigh();
    const before = await requestCounts(api);
    const beganMs = performance.now();

    const waiting = namesOf('vm', vms);
    await Promise.all(Array.from({ length: creators }, async () => {
      for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
        await createVm(api, name, { cpu: { vcpus: 2, policy: 'Mixed', realtime: { mask: '^0' } }, memory: { size: '32Mi', pageSize: '2Mi' }, image: { name: 'probe' } });
        timeline.created.set(name, performance.now());
      }
    }));
    const createdMs = performance.now() - beganMs;
    await expect.poll(() => [timeline.ready.size, controller.ended()], { timeout: 1_500_000, interval: 500 }).toEqual([vms, undefined]);
    const allMs = performance.now() - beganMs;
    // What is still being told of the last of them counts, too.
    await sleep(3000);
    const counts = countedSince(before, await requestCounts(api));
    const full = await controller.weigh();
    end.abort();
    await ended;
    await store.close();

    const writes = sumOf(counts, (verb, resource) => isWrite(verb) && resource !== 'leases') - vms;
    const heapPerVm = (full.heapBytes - empty.heapBytes) / vms;
    tell(`${vms} VMs on ${nodes} nodes`, [
      `${(vms / (allMs / 1000)).toFixed(1)} VMs/s: created in ${(createdMs / 1000).toFixed(1)} s, all verified after ${(allMs / 1000).toFixed(1)} s`,
      `create to placed: ${spreadOf(timeline.placed, timeline.created)}; create to running and verified: ${spreadOf(timeline.ready, timeline.created)}`,
      `writes a VM, without its own creation and the Leases: ${(writes / vms).toFixed(2)}`,
      ...listed(counts, vms),
      `controller: heap ${(empty.heapBytes / 1e6).toFixed(1)} MB, with the VMs ${(full.heapBytes / 1e6).toFixed(1)} MB: ${(heapPerVm / 1000).toFixed(1)} KB a VM; RSS ${((full.rssBytes - empty.rssBytes) / vms / 1000).toFixed(1)} KB a VM`,
    ]);
    expect(writes / vms).toBeLessThanOrEqual(6);
    expect(heapPerVm).toBeLessThanOrEqual(30_000);
    expect(warnings).toEqual([]);
  });

  it('is asked little by 200 idle agents', { timeout: 900_000 }, async () => {
    const [nodes, seconds] = [200, 120];
    await using api = await startCluster();
    await using hollow = await startHollowNodes({ api, names: namesOf('idle', nodes), leaseNamespace });
    await settled(api, hollow.hosts.size);
    // The last of them has only just begun.
    await sleep(15_000);
    const before = await requestCounts(api);
    await sleep(1000 * seconds);
    const counts = countedSince(before, await requestCounts(api));
    const each = sumOf(counts, () => true) / nodes / seconds;
    tell(`${nodes} idle agents for ${seconds} s`, [`${each.toFixed(3)} requests a second each`, ...[...counts].map(([what, count]) => `${what}: ${count}`)]);
    expect(each).toBeLessThanOrEqual(0.2);
  });
});
