// Each node is heard for itself: however many there are, and however late one answers, that one holds up its own VMs
// alone. The test answers in the agents' place, since none of them would be as late as that.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Controller } from '../../src/controller/controller.ts';
import { SpokenAgent } from '../../src/controller/testing/spoken-agent.ts';
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
const [silent, ...others] = nodes as [string, ...string[]];
/** As many as find room without the silent one, and more. */
const vms = Array.from({ length: 20 }, (_, index) => `vm${index}`);
const topology = { numaNodes: [{ id: 0, cpus: '0-7', memoryMiB: 8192, hugepages: [{ size: '2Mi', total: 512 }] }] };
const spec = {
  cpu: { vcpus: 2, policy: 'Mixed', realtime: {} }, memory: { size: '32Mi', pageSize: '2Mi' },
  disks: [{ name: 'data', emptySize: '1Mi' }],
};

describeWithKubeApi('a controller that begins', () => {
  let api: KubeApi;
  let objects: KubeObjects;

  beforeAll(async () => {
    api = await startKubeApi();
    await installCrds(api);
    objects = new KubeObjects(api);
    for (const name of nodes) {
      await createNode(api, name, { taints: [] });
      const renewTime = '2026-01-31T12:00:00.000000Z';
      const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name } };
      await objects.create(paths.leases, { ...lease, spec: { holderIdentity: name, renewTime } });
      const node = { apiVersion, kind: 'RealtimeNode', metadata: { name } };
      await objects.create(paths.nodes, { ...node, spec: { dedicatedCpus: '2-7', sharedCpus: '0-1' } });
      await objects.patch(`${paths.nodes}/${name}/status`, { status: { topology, orphans: [] } });
    }
  });

  afterAll(async () => {
    await api.stop();
  });

  function open(component: string) {
    return openKubernetesStore({ loadConfig: () => loadKubeConfig({ kubeconfig: api.kubeconfigPath }), component });
  }

  /** The nodes of these names have agents, until it is disposed of. */
  function agentsOf(names: readonly string[]): AsyncDisposable & { readonly of: (name: string) => SpokenAgent } {
    const store = open('rtvm-agent');
    const agents = new Map(names.map((name) => [name, new SpokenAgent(store, name)]));
    return {
      of: (name) => agents.get(name)!,
      [Symbol.asyncDispose]: async () => {
        await Promise.all([...agents.values()].map((agent) => agent.stop()));
        await store.close();
      },
    };
  }

  /** Runs a new controller for as long as the test of it takes. @returns what it has warned of. */
  async function withController(use: () => Promise<void>): Promise<readonly LogEntry[]> {
    const store = open('rtvm-controller');
    const log = recordedLog();
    const cluster = { cluster: store, leaseNamespace: 'default', leaderLease: 'rtvm-controller', leaseMs: 600_000 };
    const controller = new Controller({ store, cluster, runtime: machineRuntime, log });
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

  const found = (name: string) => objects.get<KubeVm>(`${paths.vms}/${name}`);
  /** Of each VM, why it is not placed; `Placed` where it is. */
  async function standings(): Promise<readonly string[]> {
    const placed = (vm: KubeVm) => kubeCondition(vm, 'Placed')?.reason ?? 'untold';
    return [...new Set((await objects.list<KubeVm>(paths.vms)).map(placed))].sort();
  }
  const tableOf = (name: string) => objects.get<KubeTable>(`${paths.tables}/${name}`);
  const guestsOn = async (name: string) => (await tableOf(name))?.spec.guests ?? [];
  const when = (name: string, wanted: (table: KubeTable) => boolean) => (
    objects.when<KubeTable>(`${paths.tables}/${name}`, (table) => table !== undefined && wanted(table))
  );

  test('places where it was answered, waits for nobody else, and tells each VM that waits once', async () => {
    const warnings = await withController(async () => {
      for (const name of nodes) await when(name, (table) => table.spec.term !== undefined);
      const before = await requestCounts(api);
      for (const name of vms) {
        await objects.create(paths.vms, { apiVersion, kind: 'RealtimeVM', metadata: { name }, spec });
      }
      // Nobody has answered: each waits for room, and why is in the message.
      await expect.poll(standings).toEqual(['HostNotReady']);
      const { message } = kubeCondition(await found(vms[0]!), 'Placed')!;
      expect(message).toMatch(/its agent has not told yet what runs there/);
      await sleep(500);
      expect(countedSince(before, await requestCounts(api)).get('PUT realtimevms/status')).toBe(vms.length);
      await using agents = agentsOf(others);
      await expect.poll(standings).toEqual(['Placed']);
      for (const name of others) expect((await when(name, () => true))?.spec.session).toBe(agents.of(name).session);
      expect(await guestsOn(silent)).toEqual([]);
      expect((await when(silent, () => true))?.spec.session).toBeUndefined();
      expect((await Promise.all(others.map(guestsOn))).flat()).toHaveLength(vms.length);
    });
    expect(warnings).toEqual([]);
  });

  test('is held up by a silent node for its own VMs alone, and those stay where they are', async () => {
    const [name] = vms as [string, ...string[]];
    const { metadata: { uid }, status } = (await found(name))!;
    const home = status!.run!.node;
    const halted = async (vm: string) => objects.patch(`${paths.vms}/${vm}`, { spec: { runStrategy: 'Halted' } });
    const elsewhere = (await objects.list<KubeVm>(paths.vms)).find((vm) => vm.status?.run?.node !== home)!;
    await using agents = agentsOf(nodes.filter((node) => node !== home));
    const termOf = async (node: string) => (await when(node, () => true))!.spec.term;
    const terms = new Map(await Promise.all(nodes.map(async (node) => [node, await termOf(node)] as const)));
    await withController(async () => {
      for (const node of nodes) await when(node, ({ spec: { term } }) => term !== terms.get(node));
      const heard = nodes.filter((node) => node !== home);
      for (const node of heard) await when(node, ({ spec: { session } }) => session !== undefined);
      // Of another node all goes on: it is halted, its agent answers, and its place is free.
      await halted(elsewhere.metadata.name);
      const there = elsewhere.status!.run!.node;
      const isIts = ({ vm }: KubeTable['spec']['guests'][number]) => vm.uid === elsewhere.metadata.uid;
      const asked = await when(there, ({ spec: { guests } }) => guests.find(isIts)?.desired === 'Stopped');
      const { request } = asked!.spec.guests.find(isIts)!;
      await agents.of(there).tell(elsewhere.metadata.uid, { phase: 'Stopped', request });
      await when(there, ({ spec: { guests } }) => !guests.some(isIts));
      // Of the silent one nothing: its table has no session, so nothing of it is started or stopped.
      expect((await when(home, () => true))?.spec.session).toBeUndefined();
      expect((await guestsOn(home)).map(({ vm }) => vm.uid)).toContain(uid);
      expect((await found(name))?.status?.run).toMatchObject({ node: home, state: 'Open' });
      await using back = agentsOf([home]);
      await when(home, ({ spec: { session } }) => session === back.of(home).session);
      expect((await guestsOn(home)).map(({ vm }) => vm.uid)).toContain(uid);
    });
  });

  test('gives nothing new to a node whose agent is of before, and what runs there ends by its answers', async () => {
    // All but one are cordoned; that one has a VM, of which its agent speaks as one of before does.
    const home = (await found(vms[1]!))!.status!.run!.node;
    const [{ vm: { name, uid } }] = await guestsOn(home) as [KubeTable['spec']['guests'][number]];
    for (const node of nodes.filter((one) => one !== home)) {
      await objects.patch(`${paths.clusterNodes}/${node}`, { spec: { unschedulable: true } });
    }
    const says = async (guests: readonly object[]) => objects.patch(`${paths.tables}/${home}/status`, {
      status: { session: null, number: null, term: null, unlisted: null, guests },
    });
    const { spec: { term } } = (await when(home, () => true))!;
    await withController(async () => {
      await when(home, (table) => table.spec.term !== term);
      await says([{ uid, phase: 'Running' }]);
      await expect.poll(async () => kubeCondition(await found(name), 'Running')?.status).toBe('True');
      expect(kubeCondition(await found(name), 'RealtimeVerified')?.status).toBe('Unknown');
      await objects.create(paths.vms, { apiVersion, kind: 'RealtimeVM', metadata: { name: 'new' }, spec });
      await expect.poll(async () => kubeCondition(await found('new'), 'Placed')?.message).toMatch(
        /its agent has not told yet what runs there/,
      );
      expect((await when(home, () => true))?.spec.session).toBeUndefined();
      await objects.delete(`${paths.vms}/${name}`);
      const isIts = ({ vm }: KubeTable['spec']['guests'][number]) => vm.uid === uid;
      const asked = await when(home, (table) => table.spec.guests.find(isIts)?.desired === 'Removed');
      const { request } = asked!.spec.guests.find(isIts)!;
      await says([{ uid, phase: 'Removed', request }]);
      await objects.when(`${paths.vms}/${name}`, (object) => object === undefined);
      expect((await guestsOn(home)).map(({ vm }) => vm.uid)).not.toContain(uid);
      expect((await found('new'))?.status?.run).toBeUndefined();
    });
  });
});
