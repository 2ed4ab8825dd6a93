// The controller on a real API server, with real agents over hosts that run nothing: where VMs go, what becomes of them, and
// what is said of it, when the cluster, people or faults have their way.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { describeWithKubeApi } from '../testbed/describe-with-kube-api.ts';
import { installCrds } from '../testbed/install-crds.ts';
import { startKubeApi } from '../testbed/kube-api.ts';
import type { KubeApi } from '../testbed/kube-api.ts';
import { HollowCluster } from './support/hollow-cluster.ts';
import { kubeCondition, paths } from './support/kube-objects.ts';
import type { KubeTable, KubeVm } from './support/kube-objects.ts';

const apiVersion = 'rtvm.dev/v1alpha1';
const mixed = { cpu: { vcpus: 2, policy: 'Mixed', coreSharing: 'Allow', realtime: { priority: 5 } }, memory: { size: '32Mi', pageSize: '2Mi' } };
const disks = [{ name: 'data', emptySize: '1Mi' }];
const nodeLocal = { disks: [{ ...disks[0], persistence: 'NodeLocal' }] };
const outOfService = { key: 'node.kubernetes.io/out-of-service', value: 'nodeshutdown', effect: 'NoExecute' };

describeWithKubeApi('the controller on an API server', () => {
  let api: KubeApi;
  let cluster: HollowCluster;
  let controller: ReturnType<HollowCluster['startController']>;

  beforeAll(async () => {
    api = await startKubeApi();
    await installCrds(api);
  });

  afterAll(async () => {
    await api.stop();
  });

  beforeEach(async () => {
    cluster = new HollowCluster(api);
    await cluster.addNode('n1');
    controller = cluster.startController();
  });

  /** Everything that the test has made is deleted as people delete it, then what has no owner. */
  afterEach(async () => {
    const { objects } = cluster;
    for (const { metadata } of await objects.list<KubeVm>(paths.vms)) await objects.delete(`${paths.vms}/${metadata.name}`);
    // What a node that is away holds is given back by nobody: a person says that it is off, and its kubelet says nothing.
    for (const { metadata: { name } } of await objects.list<KubeVm>(paths.clusterNodes)) {
      await objects.patch(`${paths.clusterNodes}/${name}`, { spec: { taints: [outOfService] } });
      await cluster.setNodeReady(name, false);
    }
    await expect.poll(async () => (await objects.list(paths.vms)).length, { timeout: 30_000 }).toBe(0);
    await cluster[Symbol.asyncDispose]();
    for (const path of [paths.tables, paths.nodes, paths.clusterNodes, paths.classes, paths.images, paths.leases]) {
      for (const { metadata } of await objects.list<KubeVm>(path)) await objects.delete(`${path}/${metadata.name}`);
    }
  });

  async function create(name: string, spec: object = {}): Promise<KubeVm> {
    return cluster.objects.create<KubeVm>(paths.vms, { apiVersion, kind: 'RealtimeVM', metadata: { name }, spec: { ...('className' in spec ? {} : mixed), disks, terminationGracePeriodSeconds: 1, ...spec } });
  }
  const change = async (name: string, spec: object) => cluster.objects.patch<KubeVm>(`${paths.vms}/${name}`, { spec });
  const vm = async (name: string, wanted: (vm: KubeVm) => boolean) => (await cluster.objects.when<KubeVm>(`${paths.vms}/${name}`, (object) => object !== undefined && wanted(object)))!;
  const table = async (wanted: (table: KubeTable) => boolean, name = 'n1') => (await cluster.objects.when<KubeTable>(`${paths.tables}/${name}`, (object) => object !== undefined && wanted(object)))!;
  const is = (type: string, status: string, reason?: string) => (object: KubeVm) => {
    const found = kubeCondition(object, type);
    return found?.status === status && (reason === undefined || found.reason === reason) && found.observedGeneration === object.metadata.generation;
  };
  const ready = async (name: string) => vm(name, is('Ready', 'True'));
  const unplaced = async (name: string, reason: string) => kubeCondition(await vm(name, is('Placed', 'False', reason)), 'Placed')!;
  const addClass = async (name: string, spec: object) => cluster.objects.create(paths.classes, { apiVersion, kind: 'RealtimeVMClass', metadata: { name }, spec: { ...mixed, ...spec } });
  const running = (node = 'n1') => cluster.hosts.get(node)!.running();
  const setNode = async (body: object, name = 'n1') => cluster.changeNode(name, body);
  const events = async (name: string) => (await cluster.objects.list<{ involvedObject: { name: string; kind: string }; reason: string; count: number }>('/api/v1/namespaces/default/events'))
    .filter(({ involvedObject }) => involvedObject.name === name).map(({ reason }) => reason);

  test('a VM becomes Ready: every condition about the current generation, the event once, and then nothing more is written', async () => {
    await create('a');
    const object = await ready('a');
    expect(object.status).toMatchObject({ phase: 'Running', observedGeneration: 1, placement: { nodeName: 'n1' } });
    expect(object.status?.conditions?.map(({ type, status, observedGeneration }) => [type, status, observedGeneration])).toEqual([
      ['Accepted', 'True', 1], ['Placed', 'True', 1], ['Running', 'True', 1], ['RealtimeVerified', 'True', 1], ['RestartRequired', 'False', 1], ['Ready', 'True', 1], ['Reconciling', 'False', 1], ['Stalled', 'False', 1],
    ]);
    await expect.poll(async () => events('a')).toEqual(['Placed']);
    // Many audits later nothing new has been written.
    await sleep(2000);
    expect((await ready('a')).metadata.resourceVersion).toBe(object.metadata.resourceVersion);
  });

  test.each<[string, object, object, string, object]>([
    ['the label is missing', { metadata: { labels: { 'rtvm.dev/realtime': null } } }, {}, 'HostNotReady', { metadata: { labels: { 'rtvm.dev/realtime': 'true' } } }],
    ['it is cordoned', { spec: { unschedulable: true } }, {}, 'HostUnschedulable', { spec: { unschedulable: null } }],
    ['its taint is not tolerated', { spec: { taints: [{ key: 'rtvm.dev/realtime', effect: 'NoSchedule' }, { key: 'team', value: 'a', effect: 'NoSchedule' }] } }, {}, 'TaintNotTolerated', { spec: { taints: null } }],
    ['its labels are not those that are asked for', {}, { nodeSelector: { rack: 'r7' } }, 'SelectorMismatch', { metadata: { labels: { rack: 'r7' } } }],
  ])('nothing new is placed on a node where %s, until that changes', async (_, before, spec, reason, after) => {
    await create('old');
    await ready('old');
    await setNode(before);
    await create('a', spec);
    expect((await unplaced('a', reason)).message).toMatch(/^1 host: /);
    expect(running().map(({ name }) => name)).toHaveLength(1);
    await setNode(after);
    await ready('a');
    await ready('old');
    await expect.poll(async () => events('a')).toEqual(expect.arrayContaining(['FailedPlacement', 'Placed']));
  });

  test('a taint that the VM tolerates does not keep it away', async () => {
    await setNode({ spec: { taints: [{ key: 'team', value: 'a', effect: 'NoSchedule' }] } });
    await create('a', { tolerations: [{ key: 'team', operator: 'Equal', value: 'a', effect: 'NoSchedule' }] });
    await ready('a');
  });

  test('latency.maxMicroseconds waits for a node that was measured to hold it', async () => {
    const measured = async (maxMicroseconds: number) => cluster.objects.patch(`${paths.nodes}/n1/status`, { status: { latency: { maxMicroseconds, measuredAt: '2026-01-31T12:00:00Z', durationSeconds: 3600 } } });
    await create('a', { latency: { maxMicroseconds: 20 } });
    expect((await unplaced('a', 'LatencyTooHigh')).message).toMatch(/not measured yet, at most 20/);
    await measured(25);
    await vm('a', (object) => kubeCondition(object, 'Placed')?.message.includes('measured 25') === true);
    await measured(20);
    await ready('a');
  });

  test('a node whose agent is silent: nothing is known, nothing is placed elsewhere, until a person gives the node up', async () => {
    await cluster.addNode('n2');
    await setNode({ spec: { unschedulable: true } }, 'n2');
    await create('free');
    await create('bound', nodeLocal);
    await Promise.all([ready('free'), ready('bound')]);
    await cluster.stopAgent('n1');
    await setNode({ spec: { unschedulable: null } }, 'n2');
    for (const name of ['free', 'bound']) {
      const lost = await vm(name, is('Ready', 'Unknown', 'NodeLost'));
      expect(lost.status).toMatchObject({ phase: 'Unknown', placement: { nodeName: 'n1' } });
      expect(kubeCondition(lost, 'RealtimeVerified')).toMatchObject({ status: 'Unknown', reason: 'NodeLost' });
    }
    // A word alone gives up nothing, while the kubelet says that the machine is well.
    await setNode({ spec: { taints: [outOfService] } });
    await sleep(1000);
    expect([running('n2'), (await table(() => true)).spec.fenced]).toEqual([[], undefined]);
    await cluster.setNodeReady('n1', false);
    expect((await vm('free', (object) => object.status?.placement?.nodeName === 'n2' && is('Ready', 'True')(object))).status?.phase).toBe('Running');
    const bound = await vm('bound', (object) => kubeCondition(object, 'Ready')?.message.includes('bind it to node n1') === true);
    expect(bound.status).toMatchObject({ boundTo: 'n1', run: { node: 'n1', state: 'Closed' } });

    // The node comes back with both domains, so the word was not true: what runs twice is shown, and nothing is touched.
    const lives = running().map(({ uuid }) => uuid).sort();
    cluster.startAgent('n1');
    await setNode({ spec: { taints: null } });
    await cluster.setNodeReady('n1', true);
    const twice = await vm('free', is('Ready', 'False', 'RunsTwice'));
    expect(kubeCondition(twice, 'Stalled')).toMatchObject({ status: 'True', message: expect.stringMatching(/on nodes n2, n1;/) as unknown });
    await vm('bound', is('Placed', 'False', 'OldDomainRuns'));
    expect(running().map(({ uuid }) => uuid).sort()).toEqual(lives);
    expect(running('n2')).toHaveLength(1);
    expect((await table(() => true)).spec).toMatchObject({ fenced: true });
    // A person has ended the one: then the node is one like any, and the other, given up with it, begins anew where its disks are.
    const twin = running().find(({ name }) => name.includes('free'))!;
    cluster.hosts.get('n1')!.end(twin.uuid, 'destroyed');
    cluster.hosts.get('n1')!.undefine(twin.uuid);
    expect((await ready('free')).status?.placement?.nodeName).toBe('n2');
    expect((await ready('bound')).status?.placement?.nodeName).toBe('n1');
    expect((await table(({ spec }) => spec.fenced === undefined)).spec.guests).toMatchObject([{ desired: 'Running', vm: { name: 'bound' } }]);
  });

  test('a Node that is deleted gives nothing up; a person\'s word on its RealtimeNode gives its VMs up', async () => {
    await create('a');
    await ready('a');
    await cluster.addNode('n2');
    await cluster.stopAgent('n1');
    await vm('a', is('Ready', 'Unknown', 'NodeLost'));
    await cluster.objects.delete(`${paths.clusterNodes}/n1`);
    await sleep(1000);
    expect([running('n2'), (await table(() => true)).spec.fenced]).toEqual([[], undefined]);
    await vm('a', (object) => object.status?.placement?.nodeName === 'n1' && is('Ready', 'Unknown', 'NodeLost')(object));
    await cluster.objects.patch(`${paths.nodes}/n1`, { metadata: { annotations: { 'rtvm.dev/out-of-service': 'by a person' } } });
    await vm('a', (object) => object.status?.placement?.nodeName === 'n2' && is('Ready', 'True')(object));
  });

  test('a class or an image that is missing is named, and waited for', async () => {
    await create('a', { className: 'small' });
    await create('b', { disks: [], image: { name: 'debian' } });
    expect(kubeCondition(await vm('a', is('Accepted', 'False', 'Invalid')), 'Accepted')?.message).toMatch(/^spec\.className: .*small/);
    const b = await vm('b', is('Accepted', 'False', 'Invalid'));
    expect(kubeCondition(b, 'Stalled')).toMatchObject({ status: 'True' });
    expect(kubeCondition(b, 'Accepted')?.message).toMatch(/debian/);
    await addClass('small', {});
    await ready('a');
    await cluster.objects.create(paths.images, { apiVersion, kind: 'RealtimeImage', metadata: { name: 'debian' }, spec: { format: 'qcow2', source: { path: 'nowhere.qcow2' } } });
    expect(kubeCondition(await vm('b', is('Stalled', 'True', 'ImageUnusable')), 'Stalled')?.message).toMatch(/nowhere\.qcow2/);
    await expect.poll(async () => events('b')).toEqual(expect.arrayContaining(['Invalid', 'Placed', 'StartFailed']));
  });

  test('a class is for the namespaces that it selects, and gives each no more CPUs than it says', async () => {
    await addClass('mine', { allowedNamespaces: { matchLabels: { team: 'ran' } } });
    await addClass('few', { maxCpusPerNamespace: 1 });
    await create('a', { className: 'mine' });
    expect((await unplaced('a', 'NamespaceNotAllowed')).message).toMatch(/class mine is not for namespace default/);
    await cluster.objects.patch(`${paths.namespaces}/default`, { metadata: { labels: { team: 'ran' } } });
    await ready('a');
    await create('b', { className: 'few' });
    await ready('b');
    await create('c', { className: 'few' });
    expect((await unplaced('c', 'NamespaceLimit')).message).toMatch(/hold 1 of at most 1 pCPUs/);
    await cluster.objects.delete(`${paths.vms}/b`);
    await ready('c');
    await cluster.objects.patch(`${paths.namespaces}/default`, { metadata: { labels: { team: null } } });
  });

  test('of VMs that wait, the one of the highest placementPriority is placed first, then the oldest', async () => {
    await setNode({ spec: { unschedulable: true } });
    for (const [name, placementPriority] of [['low', -1], ['old', 0], ['young', 0], ['high', 7], ['lower', -2]] as const) {
      await create(name, { placementPriority });
      await unplaced(name, 'HostUnschedulable');
      if (name === 'old') await sleep(1100);
    }
    await setNode({ spec: { unschedulable: null } });
    await Promise.all(['high', 'old', 'young', 'low'].map(ready));
    await unplaced('lower', 'TooFewDedicatedCpus');
    await cluster.objects.delete(`${paths.vms}/high`);
    await ready('lower');
  });

  test('a spec that is changed while the VM runs is taken up at the next start: Halted and back', async () => {
    await create('a', nodeLocal);
    const { status } = await ready('a');
    await change('a', { ioThreads: 1 });
    const changed = await vm('a', is('RestartRequired', 'True', 'SpecChanged'));
    expect(changed.status).toMatchObject({ phase: 'Running', domain: status!.domain });
    // A crash starts the same guest again.
    cluster.hosts.get('n1')!.end(changed.metadata.uid, 'crashed');
    await vm('a', (object) => object.status?.domain?.restarts === 1 && is('RestartRequired', 'True')(object));
    expect((await table(() => true)).spec.guests[0]).toMatchObject({ generation: 1 });
    await change('a', { runStrategy: 'Halted' });
    const halted = await vm('a', (object) => object.status?.phase === 'Stopped' && object.status.observedGeneration === 3);
    expect(kubeCondition(halted, 'Ready')).toBeUndefined();
    await change('a', { runStrategy: 'Always' });
    await vm('a', (object) => is('RestartRequired', 'False')(object) && is('Ready', 'True')(object));
    expect((await table(() => true)).spec.guests[0]).toMatchObject({ generation: 4, guest: { ioThreads: 1 } });
  });

  test('restartedAt restarts the domain once, with the spec as it is then, whoever is restarted meanwhile', async () => {
    await create('a');
    const before = await ready('a');
    const pid = () => running()[0]?.process?.pid;
    const first = pid();
    await change('a', { restartedAt: '2026-03-01T12:00:00Z' });
    await expect.poll(() => pid() !== undefined && pid() !== first, { timeout: 30_000 }).toBe(true);
    const second = pid();
    await vm('a', (object) => object.status?.domain?.restarts === 1 && is('Ready', 'True')(object));
    await cluster.stopAgent('n1');
    cluster.startAgent('n1');
    // An older wish, as a backup of the cluster that is put back holds it, restarts nothing.
    await change('a', { restartedAt: '2026-02-01T12:00:00Z' });
    await sleep(2000);
    expect(pid()).toBe(second);
    // With a changed spec it is placed anew.
    await change('a', { cpu: { vcpus: 3, realtime: { mask: '^0' } }, restartedAt: '2026-03-02T12:00:00Z' });
    const after = await vm('a', (object) => object.status?.placement?.vcpuPins.length === 3 && is('Ready', 'True')(object) && is('RestartRequired', 'False')(object));
    expect(after.metadata.uid).toBe(before.metadata.uid);
    expect(running()).toHaveLength(1);
  });

  test('a VM that is halted, started and halted again frees nothing while its domain runs', async () => {
    await create('a');
    await ready('a');
    for (let round = 0; round < 5; round += 1) {
      await change('a', { runStrategy: 'Halted' });
      await table(({ spec }) => spec.guests.length === 0);
      await change('a', { runStrategy: 'Always' });
      await table(({ spec }) => spec.guests.length === 1);
      // While the table still holds the answer to the first request.
      await change('a', { runStrategy: 'Halted' });
      await table(({ spec }) => spec.guests.length === 0 || spec.guests[0]?.desired === 'Stopped');
      await expect.poll(async () => (await table(() => true)).spec.guests.length === 0 && running().length > 0 ? 'freed while it runs' : running().length, { timeout: 30_000 }).toBe(0);
      await change('a', { runStrategy: 'Always' });
      await ready('a');
    }
  });

  test('a status that is wiped by hand is written again: the VM\'s, and the allocation\'s', async () => {
    await create('a');
    const { status } = await ready('a');
    await cluster.objects.patch(`${paths.vms}/a/status`, { status: null });
    expect((await ready('a')).status).toMatchObject({ phase: 'Running', placement: status!.placement, domain: status!.domain });
    await cluster.objects.patch(`${paths.tables}/n1/status`, { status: null });
    expect((await table((object) => object.status?.guests[0]?.phase === 'Running')).status?.guests[0]?.domain).toMatchObject({ restarts: 0 });
    expect((await ready('a')).status?.domain).toEqual(status!.domain);
  });

  test('an allocation that is deleted by hand: its guests run on, and are taken up again as they are', async () => {
    await create('a');
    await create('b');
    const before = [await ready('a'), await ready('b')];
    const pids = running().map(({ process }) => process?.pid);
    await cluster.objects.delete(`${paths.tables}/n1`);
    const made = await table(({ spec }) => spec.guests.length === 2);
    expect(new Set(made.spec.guests.map(({ placement }) => JSON.stringify(placement)))).toEqual(new Set(before.map(({ status }) => JSON.stringify(status!.placement))));
    const after = [await ready('a'), await ready('b')];
    expect(after.map(({ status }) => status?.placement)).toEqual(before.map(({ status }) => status?.placement));
    expect(running().map(({ process }) => process?.pid)).toEqual(pids);
    await cluster.objects.when<{ status?: { orphans?: [] } }>(`${paths.nodes}/n1`, (node) => node?.status?.orphans?.length === 0);
  });

  test('an allocation that is deleted while no controller runs: a halted VM goes back to its NodeLocal disks all the same', async () => {
    await cluster.addNode('n2');
    await setNode({ spec: { unschedulable: true } });
    await create('a', nodeLocal);
    expect((await ready('a')).status?.placement?.nodeName).toBe('n2');
    await change('a', { runStrategy: 'Halted' });
    await vm('a', ({ status }) => status?.phase === 'Stopped');
    await setNode({ spec: { unschedulable: null } });
    await controller.stop();
    await cluster.objects.delete(`${paths.tables}/n2`);
    cluster.startController();
    await table(({ spec }) => spec.guests.length === 0, 'n2');
    await vm('a', ({ status }) => status?.placement === undefined && status?.boundTo === 'n2');
    await setNode({ spec: { unschedulable: true } }, 'n2');
    await change('a', { runStrategy: 'Always' });
    expect((await unplaced('a', 'HostUnschedulable')).message).toMatch(/^its NodeLocal disks bind it to node n2 until it is deleted; /);
    await setNode({ spec: { unschedulable: null } }, 'n2');
    expect((await ready('a')).status?.placement?.nodeName).toBe('n2');
  });

  test('a domain that is destroyed or disturbed behind the agent\'s back is started again, or set right and told', async () => {
    await create('a');
    const { metadata: { uid } } = await ready('a');
    const host = cluster.hosts.get('n1')!;
    host.end(uid, 'destroyed');
    await vm('a', (object) => object.status?.domain?.restarts === 1 && is('Ready', 'True')(object));
    host.disturb(uid, 'CPU 1/KVM', { policy: 'OTHER', priority: 0 });
    await expect.poll(() => host.find(uid)?.process?.threads.find(({ comm }) => comm === 'CPU 1/KVM')?.policy, { timeout: 30_000 }).toBe('FIFO');
    await expect.poll(async () => events('a'), { timeout: 30_000 }).toContain('RealtimeCorrected');
    await ready('a');
  });

  test('an agent of an older version, which tells less, is understood', async () => {
    // Nothing is placed on a node before its agent was heard.
    await create('first');
    await ready('first');
    await cluster.stopAgent('n1');
    await cluster.whileLeaseIsKept('n1', async () => {
      await create('a');
      const { metadata: { uid } } = await vm('a', is('Placed', 'True'));
      await cluster.objects.patch(`${paths.tables}/n1/status`, { status: { guests: [{ uid, phase: 'Running' }] } });
      const object = await vm('a', (seen) => seen.status?.phase === 'Running' || seen.status?.phase === 'Unknown');
      // It runs, and nobody says that it was verified.
      expect(kubeCondition(object, 'Ready')?.status).not.toBe('True');
      expect(kubeCondition(object, 'RealtimeVerified')).toMatchObject({ status: 'Unknown' });
    });
    cluster.startAgent('n1');
    await ready('a');
  });

  test('a VM that is deleted while it starts leaves nothing', async () => {
    for (const waitMs of [0, 30, 60, 120]) {
      await create('a');
      await sleep(waitMs);
      await cluster.objects.delete(`${paths.vms}/a`);
      await cluster.objects.when(`${paths.vms}/a`, (object) => object === undefined);
      // Deleted before anything was placed, there is no table at all.
      expect((await cluster.objects.get<KubeTable>(`${paths.tables}/n1`))?.spec.guests ?? []).toEqual([]);
      expect(cluster.hosts.get('n1')!.domains).toEqual([]);
    }
  });

  test('two controllers at once, and people who write all the time: every write that comes too late is decided anew', async () => {
    await cluster.addNode('n2');
    cluster.startController();
    const names = Array.from({ length: 12 }, (_, i) => `vm-${i}`);
    let storm = true;
    const writing = (async () => {
      for (let round = 0; storm; round += 1) {
        for (const name of ['n1', 'n2']) await cluster.objects.patch(`${paths.tables}/${name}`, { metadata: { annotations: { round: String(round) } } }).catch(() => undefined);
        for (const name of names.slice(0, 3)) await cluster.objects.patch(`${paths.vms}/${name}`, { metadata: { annotations: { round: String(round) } } }).catch(() => undefined);
      }
    })();
    await Promise.all(names.map((name) => create(name)));
    await expect.poll(async () => (await Promise.all(names.map((name) => cluster.objects.get<KubeVm>(`${paths.vms}/${name}`)))).filter((object) => object !== undefined && is('Ready', 'True')(object)).length, { timeout: 60_000 }).toBe(8);
    storm = false;
    await writing;
    const tables = await Promise.all(['n1', 'n2'].map((name) => table(({ spec }) => spec.guests.length === 4, name)));
    for (const { spec } of tables) expect(spec.guests.flatMap(({ placement }) => placement.vcpuPins.flatMap(({ cpu }) => cpu ?? [])).sort()).toEqual([2, 3, 6, 7]);
    const uids = tables.flatMap(({ spec }) => spec.guests.map(({ vm: { uid } }) => uid));
    expect(new Set(uids).size).toBe(8);
    expect([...running('n1'), ...running('n2')].map(({ uuid }) => uuid).sort()).toEqual(uids.sort());
  });
});
