// A whole small cluster on an API server that refuses, or that was put back to an older state: what runs goes on, and nobody is
// kept waiting without being told why.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { describeWithKubeApi } from '../testbed/describe-with-kube-api.ts';
import { installCrds } from '../testbed/install-crds.ts';
import { startKubeApi } from '../testbed/kube-api.ts';
import type { KubeApi } from '../testbed/kube-api.ts';
import { busyProxy } from './support/busy-proxy.ts';
import type { Refusal } from './support/busy-proxy.ts';
import { ownCpus } from './support/chaos-holdings.ts';
import { ClusterLog } from './support/cluster-log.ts';
import { HollowCluster } from './support/hollow-cluster.ts';
import { KubeObjects, kubeCondition, paths } from './support/kube-objects.ts';
import type { KubeTable, KubeVm } from './support/kube-objects.ts';

const spec = { cpu: { vcpus: 2, policy: 'Mixed', coreSharing: 'Allow', realtime: { priority: 5 } }, memory: { size: '32Mi', pageSize: '2Mi' }, disks: [{ name: 'data', emptySize: '1Mi' }], terminationGracePeriodSeconds: 1 };
const manifest = (name: string, more: object = {}) => ({ apiVersion: 'rtvm.dev/v1alpha1', kind: 'RealtimeVM', metadata: { name }, spec: { ...spec, ...more } });
const isReady = (vm: KubeVm | undefined) => kubeCondition(vm, 'Ready')?.status === 'True';

describeWithKubeApi('a cluster whose API server', () => {
  let api: KubeApi;
  let objects: KubeObjects;

  beforeAll(async () => {
    api = await startKubeApi();
    await installCrds(api);
    objects = new KubeObjects(api);
  });

  afterAll(async () => {
    await api.stop();
  });

  /** A node whose agent has gone is no place for the next test's VMs. */
  afterEach(async () => {
    for (const { metadata } of await objects.list<KubeVm>(paths.vms)) {
      await objects.patch(`${paths.vms}/${metadata.name}`, { metadata: { finalizers: null } });
      if (metadata.deletionTimestamp === undefined) await objects.delete(`${paths.vms}/${metadata.name}`);
    }
    for (const path of [paths.clusterNodes, paths.nodes, paths.tables, paths.leases]) {
      for (const { metadata } of await objects.list<KubeVm>(path)) await objects.delete(`${path}/${metadata.name}`);
    }
  });

  const vm = async (name: string, wanted: (vm: KubeVm) => boolean) => (await objects.when<KubeVm>(`${paths.vms}/${name}`, (object) => object !== undefined && wanted(object)))!;

  test('refuses every other write is asked again when it says, and everything is done once', async () => {
    let storm = false;
    const writes = new Map<string, number>();
    const tooBusy: readonly Refusal[] = [{ status: 429, retryAfterSeconds: 1 }, { status: 503 }];
    /** When each path was refused with 429, and may be asked again. */
    const notBefore = new Map<string, number>();
    const tooSoon: string[] = [];
    const refused = new Map<number, number>();
    await using busy = await busyProxy(api, (method, path) => {
      if (!storm || method === 'GET') return undefined;
      const what = `${method} ${path.replace(/\?.*/, '')}`;
      const untilMs = notBefore.get(what);
      notBefore.delete(what);
      if (untilMs !== undefined && performance.now() < untilMs) tooSoon.push(what);
      // Of each verb every other one, each time for another reason. Only an update can come too late.
      const before = writes.get(method) ?? 0;
      writes.set(method, before + 1);
      const refusals: readonly Refusal[] = method === 'PUT' ? [...tooBusy, { status: 409 }] : tooBusy;
      const refusal = before % 2 === 0 ? refusals[(before / 2) % refusals.length] : undefined;
      if (refusal !== undefined) refused.set(refusal.status, (refused.get(refusal.status) ?? 0) + 1);
      // Only of what one task alone writes: events and a RealtimeNode's status are told by several, a table is given guests and a term
      // by two, and a Lease is renewed far more often here than ever.
      if (refusal?.status === 429 && method === 'PUT' && !/\/(?:leases|realtimenodes)\/|\/realtimeallocations\/[^/]+$/.test(path)) notBefore.set(what, performance.now() + 995);
      return refusal;
    });
    await using cluster = new HollowCluster(busy);
    await cluster.addNode('n1');
    cluster.startController();
    storm = true;
    await Promise.all(['a', 'b'].map((name) => objects.create(paths.vms, manifest(name))));
    await Promise.all(['a', 'b'].map((name) => vm(name, isReady)));
    expect(cluster.hosts.get('n1')!.running()).toHaveLength(2);
    await objects.delete(`${paths.vms}/a`);
    await objects.when(`${paths.vms}/a`, (object) => object === undefined);
    expect(cluster.hosts.get('n1')!.running()).toHaveLength(1);
    // Leases are renewed all the time.
    await expect.poll(() => [...refused.keys()].sort()).toEqual([409, 429, 503]);
    expect(tooSoon).toEqual([]);
    storm = false;
    expect((await vm('b', isReady)).status?.domain?.restarts).toBe(0);
    await objects.delete(`${paths.vms}/b`);
    await objects.when(`${paths.vms}/b`, (object) => object === undefined);
  });

  test('was put back, and whose VMs a pipeline made anew: the old domain runs on, and the new VM says so until a person ends it', async () => {
    await using cluster = new HollowCluster(api);
    await cluster.addNode('n2');
    cluster.startController();
    const host = cluster.hosts.get('n2')!;
    await objects.create(paths.vms, manifest('kept'));
    const kept = await vm('kept', isReady);
    const saved = await api.saveData();
    await objects.create(paths.vms, manifest('lost'));
    const lost = await vm('lost', isReady);
    const pids = () => new Map(host.running().map(({ uuid, process }) => [uuid, process?.pid]));
    const before = pids();
    expect([...before.keys()].sort()).toEqual([kept.metadata.uid, lost.metadata.uid].sort());

    await api.rollBack(saved);
    const anew = await objects.create<KubeVm>(paths.vms, manifest('lost'));
    expect(anew.metadata.uid).not.toBe(lost.metadata.uid);
    // Nothing is started in a store that was put back, before a person has accepted that.
    const held = await vm('lost', (object) => kubeCondition(object, 'Placed')?.reason === 'RestoreOpen');
    expect(kubeCondition(held, 'Placed')?.message).toMatch(/kubectl rtvm restore/);
    expect(pids()).toEqual(before);
    await cluster.acceptRestore();
    const waiting = await vm('lost', (object) => kubeCondition(object, 'Placed')?.reason === 'OldDomainRuns');
    const { name: domain } = host.find(lost.metadata.uid)!;
    expect(kubeCondition(waiting, 'Ready')).toMatchObject({
      status: 'False', reason: 'OldDomainRuns', message: `domain ${domain} on node n2 still runs for an earlier RealtimeVM default/lost; end it there ("virsh destroy" and "virsh undefine"), then this one is placed`,
    });
    expect((await vm('kept', isReady)).metadata.uid).toBe(kept.metadata.uid);
    expect(pids()).toEqual(before);

    host.end(lost.metadata.uid, 'destroyed');
    host.undefine(lost.metadata.uid);
    await vm('lost', (object) => object.metadata.uid === anew.metadata.uid && isReady(object));
    expect(new Set(pids().keys())).toEqual(new Set([kept.metadata.uid, anew.metadata.uid]));
    expect(pids().get(kept.metadata.uid)).toBe(before.get(kept.metadata.uid));
    for (const name of ['kept', 'lost']) await objects.delete(`${paths.vms}/${name}`);
    for (const name of ['kept', 'lost']) await objects.when(`${paths.vms}/${name}`, (object) => object === undefined);
  });

  test('was put back, and whose table gives away what a VM holds that was started since: that one keeps it, and the table never gives it twice', async () => {
    await using cluster = new HollowCluster(api);
    await cluster.addNode('n4');
    cluster.startController();
    const host = cluster.hosts.get('n4')!;
    const givenTwice: string[] = [];
    const log = new ClusterLog(api.etcdUrl, (event) => {
      const cpus = event.type === 'table' ? event.guests?.flatMap(ownCpus) ?? [] : [];
      if (event.type === 'table' && new Set(cpus).size < cpus.length) givenTwice.push(`${cpus.join()} at revision ${event.revision}`);
    });
    // Each wants all that the node gives.
    const whole = { cpu: { vcpus: 4, policy: 'Dedicated', coreSharing: 'Allow', realtime: { mask: '^0', priority: 5 } }, numa: { nodes: 2 }, memory: { size: '64Mi', pageSize: '2Mi' } };
    await objects.create(paths.vms, manifest('early', whole));
    await vm('early', isReady);
    await objects.create(paths.vms, manifest('late', whole));
    await vm('late', (object) => kubeCondition(object, 'Placed')?.status === 'False');
    const saved = await api.saveData();
    await objects.patch(`${paths.vms}/early`, { spec: { runStrategy: 'Halted' } });
    const { metadata: { uid } } = await vm('late', isReady);
    const pid = host.find(uid)!.process!.pid;

    await log.caughtUp();
    await api.rollBack(saved, () => log.wentBack());
    const alone = () => expect(host.running().map((domain) => [domain.uuid, domain.process?.pid])).toEqual([[uid, pid]]);
    await vm('early', (object) => kubeCondition(object, 'Placed')?.reason === 'RestoreOpen');
    // What runs is taken up, and nothing is said to hold while it may be of before.
    const taken = await vm('late', ({ status }) => status?.run?.state === 'Open' && status.placement?.nodeName === 'n4');
    expect(kubeCondition(taken, 'RealtimeVerified')?.status).toBe('Unknown');
    alone();
    await cluster.acceptRestore();
    await vm('early', (object) => kubeCondition(object, 'Placed')?.reason === 'TooFewDedicatedCpus');
    await vm('late', isReady);
    alone();
    await objects.delete(`${paths.vms}/late`);
    await vm('early', isReady);
    await log.caughtUp();
    await log.stop();
    expect(givenTwice).toEqual([]);
  });

  test('has an agent of an older version, which does not say what it answers: the VM keeps what it holds, and says why', async () => {
    await using cluster = new HollowCluster(api);
    await cluster.addNode('n3');
    cluster.startController();
    await objects.create(paths.vms, manifest('old'));
    const { metadata: { uid } } = await vm('old', isReady);
    await cluster.stopAgent('n3');
    await objects.delete(`${paths.vms}/old`);
    const table = async (wanted: (table: KubeTable) => boolean) => objects.when<KubeTable>(`${paths.tables}/n3`, (object) => object !== undefined && wanted(object));
    await table(({ spec: { guests } }) => guests[0]?.desired === 'Removed');
    // What such an agent says when it has removed it.
    const unsaid = { session: null, number: null, term: null };
    await objects.patch(`${paths.tables}/n3/status`, { status: { ...unsaid, guests: [{ uid, phase: 'Removed' }] } });
    await cluster.whileLeaseIsKept('n3', async () => {
      const stuck = await vm('old', (object) => kubeCondition(object, 'Stalled')?.status === 'True');
      expect(kubeCondition(stuck, 'Stalled')).toMatchObject({
        reason: 'AgentTooOld', message: 'the agent of node n3 does not say which request it has answered, since it is older than this controller: what the VM holds there stays taken; upgrade rtvm on that node',
      });
      expect((await table(() => true))?.spec.guests).toHaveLength(1);
    });
    cluster.startAgent('n3');
    await objects.when(`${paths.vms}/old`, (object) => object === undefined);
  });
});
