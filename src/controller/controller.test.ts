import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ReportedGuest } from '../crds/realtime-allocation.ts';
import type { RealtimeNode } from '../crds/realtime-node.ts';
import { CpuSet } from '../realtime/cpu-set.ts';
import { DirectoryStore } from '../store/directory/directory-store.ts';
import { modify } from '../store/modify.ts';
import type { Stored } from '../store/resource.ts';
import { logLine } from '../runtime/log-line.ts';
import { machineRuntime } from '../runtime/runtime.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { recordedLog } from '../runtime/testing/recorded-log.ts';
import type { RecordedLog } from '../runtime/testing/recorded-log.ts';
import { Controller } from './controller.ts';

const deadlineMs = 20_000;

/** The machine's, on a wall clock that stands. */
const atZero: Runtime = { ...machineRuntime, clock: { ...machineRuntime.clock, date: () => new Date(0) } };

let directory: string;
let store: DirectoryStore;
let controller: Controller;
let log: RecordedLog;
let running: Promise<void>;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rtvm-controller-'));
  store = await DirectoryStore.open({ directory });
  start();
});

afterEach(async () => {
  await stop();
  await store.close();
  await rm(directory, { recursive: true, force: true });
});

function start(): void {
  log = recordedLog();
  controller = new Controller({ store, runtime: atZero, log });
  running = controller.run();
}

async function stop(): Promise<void> {
  controller.stop();
  await running;
}

const topology: NonNullable<RealtimeNode['status']>['topology'] = {
  numaNodes: [{ id: 0, cpus: '0-3', memoryMiB: 8192, distances: [10], hugepages: [{ size: '2Mi', total: 512, free: 512 }] }],
  cores: ['0', '1', '2', '3'],
  caches: [],
  pciDevices: [],
};

async function addNode(name: string, dedicatedCpus = '1-3'): Promise<void> {
  await apply(`{apiVersion: rtvm.dev/v1alpha1, kind: RealtimeNode, metadata: {name: ${name}}, spec: {dedicatedCpus: "${dedicatedCpus}", sharedCpus: "0"}}`);
  await modify(store, 'RealtimeNode', { name }, (node) => ({ ...node, status: { topology, orphans: [] } }), { write: 'updateStatus' });
}

const vmYaml = (name: string, spec = '') => `
apiVersion: rtvm.dev/v1alpha1
kind: RealtimeVM
metadata: {name: ${name}}
spec: {cpu: {vcpus: 2, policy: Mixed, realtime: {}}, memory: {size: 32Mi, pageSize: 2Mi}, disks: [{name: root, emptySize: 1Mi}]${spec}}`;

const apply = (text: string) => store.applyManifests([{ file: 'test.yaml', text }]);

/** The object once it is as wanted. */
async function eventually<K extends 'RealtimeVM' | 'RealtimeAllocation'>(kind: K, key: { namespace?: string; name: string }, wanted: (object: Stored<K>) => boolean): Promise<Stored<K>> {
  const done = AbortSignal.timeout(deadlineMs);
  let last: unknown;
  for await (const event of store.watch(kind, key, done)) {
    if (event.type !== 'added' && event.type !== 'modified') continue;
    last = event.object;
    if (wanted(event.object)) return event.object;
  }
  const logged = log.entries.map((entry) => logLine(entry, new Date(0))).join('\n');
  throw new Error(`${kind} ${key.name} did not become what was wanted; last: ${JSON.stringify(last)}; log: ${logged}`);
}

const vm = (name: string, wanted: (object: Stored<'RealtimeVM'>) => boolean) => eventually('RealtimeVM', { namespace: 'default', name }, wanted);
const table = (wanted: (object: Stored<'RealtimeAllocation'>) => boolean) => eventually('RealtimeAllocation', { name: 'n1' }, wanted);
const condition = (object: Stored<'RealtimeVM'>, type: string) => object.status?.conditions?.find((candidate) => candidate.type === type);

/** What the node's agent would say. */
async function report(uid: string, what: Omit<ReportedGuest, 'uid'>): Promise<void> {
  await modify(store, 'RealtimeAllocation', { name: 'n1' }, (allocation) => ({
    ...allocation,
    status: { guests: [...(allocation.status?.guests ?? []).filter((guest) => guest.uid !== uid), { uid, ...what }] },
  }), { write: 'updateStatus' });
}

/** The dedicated CPUs that a table gives, each as often as it is given. */
const given = (allocation: Stored<'RealtimeAllocation'>) => allocation.spec.guests.flatMap(({ placement }) => [
  ...placement.vcpuPins.flatMap(({ cpu }) => cpu ?? []), ...CpuSet.parse(placement.reservedCpus),
]).sort();

describe('Controller', () => {
  it('places a VM into the node\'s table, and tells what the agent reports', async () => {
    await addNode('n1');
    await apply(vmYaml('a'));
    const placed = await vm('a', (object) => object.status?.phase === 'Placed');
    expect(placed.metadata.finalizers).toEqual(['rtvm.dev/allocation']);
    expect(placed.status?.placement?.vcpuPins).toEqual([{ vcpu: 0, cpus: '0' }, { vcpu: 1, cpu: 1 }]);
    const { uid } = placed.metadata;
    const allocation = await table(({ spec }) => spec.guests.length === 1);
    expect(allocation.spec.guests[0]).toMatchObject({ vm: { namespace: 'default', name: 'a', uid }, generation: 1, desired: 'Running' });

    await report(uid, { phase: 'Running', reason: 'Verified', message: 'fine', domain: { name: 'd', uuid: uid, restarts: 0 }, audit: { verdict: 'Verified', findings: [] } });
    const ready = await vm('a', (object) => condition(object, 'Ready')?.status === 'True');
    expect(ready.status?.conditions?.map(({ type, status }) => [type, status])).toEqual([
      ['Accepted', 'True'], ['Placed', 'True'], ['Running', 'True'], ['RealtimeVerified', 'True'], ['RestartRequired', 'False'], ['Ready', 'True'], ['Reconciling', 'False'], ['Stalled', 'False'],
    ]);
    expect(log.entries).toEqual([]);
  });

  it('warns of a node that cannot be used, and why', async () => {
    await addNode('n1', '1-9');
    await expect.poll(() => log.entries).toContainEqual({
      level: 'warn', message: 'node takes no guests',
      fields: { node: 'n1', detail: expect.stringContaining('spec.dedicatedCpus') as string },
    });
  });

  it('makes a table that was deleted as it was, and gives nothing of it away', async () => {
    await addNode('n1', '1-2');
    await apply(vmYaml('a'));
    await apply(vmYaml('b'));
    const before = await table(({ spec }) => spec.guests.length === 2);
    expect(given(before)).toEqual([1, 2]);
    await store.delete('RealtimeAllocation', { name: 'n1' });
    await apply(vmYaml('c'));
    expect(condition(await vm('c', (object) => object.status?.phase === 'Pending'), 'Placed')).toMatchObject({ reason: 'TooFewDedicatedCpus' });
    const after = await table(({ metadata }) => metadata.uid !== before.metadata.uid);
    expect(after.spec.guests).toEqual(before.spec.guests);
  });

  it('never says ready of a guest that is not verified', async () => {
    await addNode('n1');
    await apply(vmYaml('a'));
    const { metadata: { uid } } = await vm('a', (object) => object.status?.phase === 'Placed');
    const findings = [{ code: 'ThreadPolicy', severity: 'error' as const, subject: 'CPU 1/KVM', expected: 'FIFO', observed: 'OTHER', message: 'it is not realtime' }];
    await report(uid, { phase: 'Running', reason: 'DriftPersists', message: 'no', audit: { verdict: 'Violated', findings } });
    const violated = await vm('a', (object) => object.status?.phase === 'Running');
    expect(condition(violated, 'RealtimeVerified')).toMatchObject({ status: 'False', reason: 'DriftPersists', message: 'CPU 1/KVM: it is not realtime' });
    expect(condition(violated, 'Ready')).toMatchObject({ status: 'False', reason: 'NotVerified' });
    expect(violated.status?.findings).toEqual(findings);
  });

  it('gives no CPU twice to VMs that come at once, and tells those that do not fit why', async () => {
    await addNode('n1');
    await apply(['a', 'b', 'c', 'd', 'e'].map((name) => vmYaml(name)).join('\n---'));
    const allocation = await table(({ spec }) => spec.guests.length === 3);
    expect(given(allocation)).toEqual([1, 2, 3]);
    const waiting = await Promise.all(['d', 'e'].map((name) => vm(name, (object) => object.status?.phase === 'Pending')));
    for (const object of waiting) {
      expect(condition(object, 'Placed')).toMatchObject({ status: 'False', reason: 'TooFewDedicatedCpus' });
      expect(condition(object, 'Placed')?.message).toMatch(/^1 host: .*0 free dedicated CPUs/);
    }
  });

  it('looks at many nodes in slices, and decides on what there is after the last', async () => {
    const names = Array.from({ length: 50 }, (_, index) => `node-${index + 10}`);
    for (const name of names) await addNode(name, '1');
    await apply('{apiVersion: rtvm.dev/v1alpha1, kind: RealtimeVM, metadata: {name: wide}, spec: {cpu: {vcpus: 3, policy: Dedicated, realtime: {}}, memory: {size: 32Mi, pageSize: 2Mi}, kernel: {path: k}}}');
    await eventually('RealtimeVM', { namespace: 'default', name: 'wide' }, ({ status }) => status?.conditions?.some(({ message }) => message.startsWith('50 hosts: 1 free dedicated CPU')) === true);
    await addNode('node-99', '1-3');
    const { status } = await eventually('RealtimeVM', { namespace: 'default', name: 'wide' }, (vm) => vm.status?.placement !== undefined);
    expect(status?.placement?.nodeName).toBe('node-99');
  });

  it('removes in order: the table asks, the agent confirms, the entry goes, then the VM; and a waiting VM gets the CPU', async () => {
    await addNode('n1', '1');
    await apply(vmYaml('a'));
    const { metadata: { uid } } = await vm('a', (object) => object.status?.phase === 'Placed');
    await apply(vmYaml('b'));
    await vm('b', (object) => object.status?.phase === 'Pending');

    await store.delete('RealtimeVM', { namespace: 'default', name: 'a' });
    const asked = await table(({ spec }) => spec.guests[0]?.desired === 'Removed');
    expect(given(asked)).toEqual([1]);
    await report(uid, { phase: 'Stopping' });
    expect(await store.get('RealtimeVM', { namespace: 'default', name: 'a' })).toBeDefined();
    await report(uid, { phase: 'Removed' });
    // It does not say what it answers: it may be about another life of the guest.
    expect(given(await table(() => true))).toEqual([1]);
    await report(uid, { phase: 'Removed', request: asked.spec.guests[0]?.request });
    const next = await table(({ spec }) => spec.guests[0]?.vm.name === 'b');
    expect(given(next)).toEqual([1]);
    expect(next.spec.guests).toHaveLength(1);
    expect(await store.get('RealtimeVM', { namespace: 'default', name: 'a' })).toBeUndefined();
  });

  it('frees the CPUs of a halted VM once its domain has ended, and places it anew when it is to run', async () => {
    await addNode('n1');
    await apply(vmYaml('a'));
    const { metadata: { uid } } = await vm('a', (object) => object.status?.phase === 'Placed');
    await apply(vmYaml('a', ', runStrategy: Halted'));
    const asked = await table(({ spec }) => spec.guests[0]?.desired === 'Stopped');
    await report(uid, { phase: 'Stopped', request: asked.spec.guests[0]?.request });
    await table(({ spec }) => spec.guests.length === 0);
    const halted = await vm('a', (object) => object.status?.phase === 'Stopped');
    expect(condition(halted, 'Ready')).toBeUndefined();
    await apply(vmYaml('a'));
    await table(({ spec }) => spec.guests.length === 1);
  });

  it('says that a running VM must be restarted to take up its new spec, and leaves its allocation alone', async () => {
    await addNode('n1');
    await apply(vmYaml('a'));
    await vm('a', (object) => object.status?.phase === 'Placed');
    await apply(vmYaml('a', ', ioThreads: 1'));
    const changed = await vm('a', (object) => condition(object, 'RestartRequired')?.status === 'True');
    expect(condition(changed, 'RestartRequired')?.message).toMatch(/generation 1; that of generation 2/);
    const allocation = await table(() => true);
    expect(allocation.spec.guests[0]).toMatchObject({ generation: 1, desired: 'Running', guest: { ioThreads: 0 } });
  });

  it('tells what is wrong with a VM, and takes it up when the missing class comes', async () => {
    await addNode('n1');
    await apply('{apiVersion: rtvm.dev/v1alpha1, kind: RealtimeVM, metadata: {name: a}, spec: {className: small, disks: [{name: root, emptySize: 1Mi}]}}');
    const wrong = await vm('a', (object) => object.status?.phase === 'Failed');
    expect(condition(wrong, 'Accepted')).toMatchObject({ status: 'False', reason: 'Invalid' });
    expect(condition(wrong, 'Accepted')?.message).toMatch(/^spec\.className: .*small/);
    expect(condition(wrong, 'Stalled')?.status).toBe('True');
    await apply('{apiVersion: rtvm.dev/v1alpha1, kind: RealtimeVMClass, metadata: {name: small}, spec: {cpu: {vcpus: 1, policy: Dedicated}, memory: {size: 16Mi}}}');
    await vm('a', (object) => object.status?.phase === 'Placed');
  });

  it('knows after a restart what was given before', async () => {
    await addNode('n1');
    await apply(['a', 'b'].map((name) => vmYaml(name)).join('\n---'));
    await table(({ spec }) => spec.guests.length === 2);
    await stop();
    start();
    await apply(['c', 'd'].map((name) => vmYaml(name)).join('\n---'));
    expect(given(await table(({ spec }) => spec.guests.length === 3))).toEqual([1, 2, 3]);
    await Promise.any(['c', 'd'].map((name) => vm(name, (object) => object.status?.phase === 'Pending')));
  });

  it('gives no CPU twice when two controllers decide at once', async () => {
    await addNode('n1');
    const other = await DirectoryStore.open({ directory });
    const second = new Controller({ store: other, runtime: atZero, log });
    const secondRunning = second.run();
    try {
      await apply(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => vmYaml(name)).join('\n---'));
      const names = ['a', 'b', 'c', 'd', 'e', 'f'];
      await Promise.all(names.map((name) => vm(name, ({ status }) => status?.phase === 'Placed' || status?.phase === 'Pending')));
      const allocation = await table(({ spec }) => spec.guests.length === 3);
      expect(given(allocation)).toEqual([1, 2, 3]);
      expect(new Set(allocation.spec.guests.map(({ vm: { uid } }) => uid)).size).toBe(3);
    } finally {
      second.stop();
      await secondRunning;
      await other.close();
    }
  });

  it('lets a VM go on where it runs, when a table that has gone back gives it another node', async () => {
    await addNode('n1');
    await apply(vmYaml('a'));
    const entry = (await table(({ spec }) => spec.guests.length === 1)).spec.guests[0]!;
    const { uid } = entry.vm;
    await addNode('n2');
    const placement = { ...entry.placement, nodeName: 'n2' };
    const orphan = { domain: 'd', uuid: uid, vm: entry.vm, generation: 1, placement };
    await modify(store, 'RealtimeNode', { name: 'n2' }, (node) => ({ ...node, status: { topology, orphans: [orphan] } }), { write: 'updateStatus' });
    await vm('a', (object) => condition(object, 'Placed')?.reason === 'RunsElsewhere');
    expect((await store.get('RealtimeAllocation', { name: 'n1' }))?.spec.guests).toEqual([entry]);

    await report(uid, { phase: 'Placed', reason: 'TableWentBack', ...(entry.request === undefined ? {} : { request: entry.request }) });
    await vm('a', (object) => object.status?.placement?.nodeName === 'n2');
    expect((await store.get('RealtimeAllocation', { name: 'n1' }))?.spec.guests).toEqual([]);
    expect((await store.get('RealtimeAllocation', { name: 'n2' }))?.spec.guests).toMatchObject([{ vm: entry.vm, desired: 'Running', placement }]);
  });
});
