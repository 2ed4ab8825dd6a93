// What waiting for the agents costs: however many there are, and however late each answers, a VM is told of it once. The test
// answers in the agents' place, since none of them would be as late as that.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Controller } from '../../src/controller/controller.ts';
import type { LogEntry } from '../../src/runtime/log.ts';
import { machineRuntime } from '../../src/runtime/runtime.ts';
import { recordedLog } from '../../src/runtime/testing/recorded-log.ts';
import { loadKubeConfig } from '../../src/store/kubernetes/kube-config.ts';
import { openKubernetesStore } from '../../src/store/kubernetes/kubernetes-store.ts';
import { describeWithKubeApi } from '../testbed/describe-with-kube-api.ts';
import { installCrds } from '../testbed/install-crds.ts';
import { startKubeApi } from '../testbed/kube-api.ts';
import type { KubeApi } from '../testbed/kube-api.ts';
import { createNode } from '../testbed/kube-node.ts';
import { countedSince, requestCounts } from '../testbed/kube-requests.ts';
import { KubeObjects, kubeCondition, paths } from './support/kube-objects.ts';
import type { KubeTable, KubeVm } from './support/kube-objects.ts';

const apiVersion = 'rtvm.dev/v1alpha1';
const nodes = Array.from({ length: 12 }, (_, index) => `n${index}`);
const vms = Array.from({ length: 20 }, (_, index) => `vm${index}`);
const topology = { numaNodes: [{ id: 0, cpus: '0-7', memoryMiB: 8192, hugepages: [{ size: '2Mi', total: 512 }] }] };
interface Termed {
  readonly spec: { readonly term?: string };
}
const spec = { cpu: { vcpus: 2, policy: 'Mixed', realtime: {} }, memory: { size: '32Mi', pageSize: '2Mi' }, disks: [{ name: 'data', emptySize: '1Mi' }] };

describeWithKubeApi('a controller that waits for the agents', () => {
  let api: KubeApi;
  let objects: KubeObjects;

  beforeAll(async () => {
    api = await startKubeApi();
    await installCrds(api);
    objects = new KubeObjects(api);
    for (const name of nodes) {
      await createNode(api, name, { taints: [] });
      await objects.create(paths.leases, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name }, spec: { holderIdentity: name, renewTime: '2026-01-31T12:00:00.000000Z' } });
      await objects.create(paths.nodes, { apiVersion, kind: 'RealtimeNode', metadata: { name }, spec: { dedicatedCpus: '2-7', sharedCpus: '0-1' } });
      await objects.patch(`${paths.nodes}/${name}/status`, { status: { topology, orphans: [] } });
    }
    for (const name of vms) await objects.create(paths.vms, { apiVersion, kind: 'RealtimeVM', metadata: { name }, spec });
  });

  afterAll(async () => {
    await api.stop();
  });

  async function answer(node: string): Promise<void> {
    const table = await objects.when<Termed>(`${paths.tables}/${node}`, (found) => found?.spec.term !== undefined);
    await objects.patch(`${paths.nodes}/${node}/status`, { status: { term: table!.spec.term } });
  }

  /** Of each VM, why it is not placed; `Placed` where it is. */
  async function standings(): Promise<readonly string[]> {
    return [...new Set((await objects.list<KubeVm>(paths.vms)).map((vm) => kubeCondition(vm, 'Placed')?.reason ?? 'untold'))];
  }

  /** Runs a new controller for as long as the test of it takes. @returns what it has warned of. */
  async function withController(use: () => Promise<void>): Promise<readonly LogEntry[]> {
    const store = openKubernetesStore({ loadConfig: () => loadKubeConfig({ kubeconfig: api.kubeconfigPath }), component: 'rtvm-controller' });
    const log = recordedLog();
    const controller = new Controller({ store, cluster: { cluster: store, leaseNamespace: 'default', leaseMs: 600_000 }, runtime: machineRuntime, log });
    const ended = controller.run();
    try {
      await use();
    } finally {
      controller.stop();
      await ended;
      await store.close();
    }
    return log.entries;
  }

  test('places none before the last has answered, then all; and writes of each VM that it waits once', async () => {
    const warnings = await withController(async () => {
      const before = await requestCounts(api);
      await expect.poll(standings, { timeout: 20_000 }).toEqual(['AgentsNotHeard']);
      for (const node of nodes.slice(1)) {
        await answer(node);
        await sleep(50);
        expect(await standings()).toEqual(['AgentsNotHeard']);
      }
      const whileWaiting = countedSince(before, await requestCounts(api));
      expect(whileWaiting.get('PUT realtimevms/status')).toBe(vms.length);
      await answer(nodes[0]!);
      await expect.poll(standings, { timeout: 20_000 }).toEqual(['Placed']);
    });
    expect(warnings).toEqual([]);
  });

  test('places none anew whose stop was answered: where the data went back, that was before it was started elsewhere', async () => {
    const [name] = vms;
    const found = await objects.get<KubeVm>(`${paths.vms}/${name!}`);
    const nodeName = found!.status!.placement!.nodeName;
    const { uid } = found!.metadata;
    const table = await objects.get<{ spec: { guests: { vm: { uid: string } }[] } }>(`${paths.tables}/${nodeName}`);
    const guests = table!.spec.guests.map((entry) => (entry.vm.uid === uid ? { ...entry, desired: 'Stopped', request: 'before' } : entry));
    await objects.patch(`${paths.tables}/${nodeName}`, { spec: { guests } });
    await objects.patch(`${paths.tables}/${nodeName}/status`, { status: { guests: [{ uid, phase: 'Stopped', request: 'before' }] } });
    const terms = new Map(await Promise.all(nodes.map(async (node) => [node, (await objects.get<Termed>(`${paths.tables}/${node}`))?.spec.term] as const)));
    const standing = async () => kubeCondition(await objects.get<KubeVm>(`${paths.vms}/${name!}`), 'Placed')?.reason;
    const holders = async () => (await objects.list<KubeTable>(paths.tables)).filter(({ spec: { guests: held } }) => held.some(({ vm }) => vm.uid === uid)).length;
    await withController(async () => {
      for (const node of nodes) await objects.when<Termed>(`${paths.tables}/${node}`, (now) => now?.spec.term !== terms.get(node));
      await expect.poll(standing, { timeout: 20_000 }).toBe('AgentsNotHeard');
      for (const node of nodes.slice(1)) await answer(node);
      await sleep(500);
      expect([await standing(), await holders()]).toEqual(['AgentsNotHeard', 0]);
      await answer(nodes[0]!);
      await expect.poll(standing, { timeout: 20_000 }).toBe('Placed');
      expect(await holders()).toBe(1);
    });
  });
});
