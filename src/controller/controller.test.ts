import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AllocatedGuest as Entry, UnlistedDomain } from '../crds/realtime-allocation.ts';
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
import { withAcceptance } from './restore-words.ts';
import { SpokenAgent } from './testing/spoken-agent.ts';
import type { Said } from './testing/spoken-agent.ts';

const deadlineMs = 20_000;

/** The machine's, on a wall clock that stands. */
const atZero: Runtime = { ...machineRuntime, clock: { ...machineRuntime.clock, date: () => new Date(0) } };

let directory: string;
let store: DirectoryStore;
let controller: Controller;
let log: RecordedLog;
let running: Promise<void>;
let agents: Map<string, SpokenAgent>;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rtvm-controller-'));
  store = await DirectoryStore.open({ directory });
  agents = new Map();
  start();
});

afterEach(async () => {
  await stop();
  await Promise.all([...agents.values()].map((agent) => agent.stop()));
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
  agents.set(name, new SpokenAgent(store, name));
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

/** The node's agent says so. */
const report = async (uid: string, said: Said) => agents.get('n1')!.tell(uid, said);

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

  it('gives no CPU twice while two controllers decide at once, and goes on with the one that stays', async () => {
    await addNode('n1');
    const other = await DirectoryStore.open({ directory });
    const second = new Controller({ store: other, runtime: atZero, log });
    const secondRunning = second.run();
    const watched = new AbortController();
    const twice: (readonly number[])[] = [];
    const watching = (async () => {
      for await (const event of store.watch('RealtimeAllocation', { name: 'n1' }, watched.signal)) {
        if (event.type !== 'added' && event.type !== 'modified') continue;
        const cpus = given(event.object);
        if (new Set(cpus).size !== cpus.length) twice.push(cpus);
      }
    })();
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    try {
      await apply(names.map((name) => vmYaml(name)).join('\n---'));
      await Promise.all(names.map((name) => vm(name, ({ metadata }) => metadata.finalizers !== undefined)));
    } finally {
      second.stop();
      await secondRunning;
      await other.close();
    }
    await Promise.all(names.map((name) => vm(name, ({ status }) => status?.phase === 'Placed' || status?.phase === 'Pending')));
    const allocation = await table(({ spec }) => spec.guests.length === 3);
    watched.abort();
    await watching;
    expect(twice).toEqual([]);
    expect(given(allocation)).toEqual([1, 2, 3]);
    expect(new Set(allocation.spec.guests.map(({ vm: { uid } }) => uid)).size).toBe(3);
  });

  /** What an agent says of a domain that runs by the grant of an entry, where the table does not have it. */
  const unlisted = ({ vm: of, generation, guest, placement, grant }: Entry): UnlistedDomain => (
    { domain: 'd', uuid: of.uid, vm: of, generation, guest, placement, grant: grant!.name, salt: grant!.salt }
  );

  /** A store as a backup has it that was made before VM a was placed on n1. @returns its entry; no controller runs. */
  async function forgotten(): Promise<Entry> {
    await addNode('n1');
    await apply(vmYaml('a'));
    const entry = (await table(({ spec }) => spec.guests.length === 1)).spec.guests[0]!;
    await vm('a', (object) => object.status?.phase === 'Placed');
    await stop();
    await modify(store, 'RealtimeAllocation', { name: 'n1' }, (now) => ({ ...now, spec: { guests: [] } }));
    await modify(
      store, 'RealtimeVM', { namespace: 'default', name: 'a' }, (now) => ({ ...now, status: { phase: 'Pending' } }),
      { write: 'updateStatus' },
    );
    return entry;
  }

  it('opens a VM\'s run before its node\'s table has the grant, and closes it before another may be opened', async () => {
    await addNode('n1');
    await apply(vmYaml('a'));
    const entry = (await table(({ spec }) => spec.guests.length === 1)).spec.guests[0]!;
    const { uid } = entry.vm;
    const { status } = await vm('a', () => true);
    expect(status?.run).toEqual({ count: 1, grant: entry.grant?.name, node: 'n1', state: 'Open' });
    await apply(vmYaml('a', ', runStrategy: Halted'));
    const asked = await table(({ spec }) => spec.guests[0]?.desired === 'Stopped');
    expect(asked.spec.guests[0]?.grant).toEqual(entry.grant);
    await report(uid, { phase: 'Stopped', request: asked.spec.guests[0]?.request });
    const closed = await vm('a', (object) => object.status?.run?.state === 'Closed');
    expect(closed.status?.run).toEqual({ count: 2, grant: entry.grant?.name, node: 'n1', state: 'Closed' });
    await apply(vmYaml('a'));
    const again = (await table(({ spec }) => spec.guests[0]?.desired === 'Running')).spec.guests[0]!;
    expect(again.grant?.name).not.toBe(entry.grant?.name);
    expect((await vm('a', () => true)).status?.run).toEqual({ count: 3, grant: again.grant?.name, node: 'n1', state: 'Open' });
  });

  it('starts nothing on a node whose agent has not answered', async () => {
    await addNode('n1');
    await agents.get('n1')!.stop();
    await table(({ spec }) => spec.term !== undefined);
    await apply(vmYaml('a'));
    const waiting = await vm('a', (object) => object.status?.phase === 'Pending');
    expect(condition(waiting, 'Placed')).toMatchObject({ status: 'False', reason: 'HostNotReady' });
    agents.set('n1', new SpokenAgent(store, 'n1', 'of the next process'));
    const { spec } = await table(({ spec: { guests } }) => guests.length === 1);
    expect(spec.session).toBe('of the next process');
  });

  it('makes an entry that a controller of the version before has written its VM\'s run', async () => {
    await addNode('n1');
    await apply(vmYaml('a'));
    const before = await table(({ spec }) => spec.guests.length === 1);
    const entry = before.spec.guests[0]!;
    await stop();
    const old = { ...entry, grant: undefined };
    await modify(store, 'RealtimeAllocation', { name: 'n1' }, (now) => ({ ...now, spec: { guests: [old], term: 'of the version before' } }));
    await modify(store, 'RealtimeVM', { namespace: 'default', name: 'a' }, (now) => ({ ...now, status: { phase: 'Placed', placement: entry.placement } }), { write: 'updateStatus' });
    start();
    const adopted = await vm('a', (object) => object.status?.run !== undefined);
    expect(adopted.status?.run).toEqual({ count: 1, grant: `before:${entry.vm.uid}`, node: 'n1', state: 'Open' });
    const after = await table(({ spec }) => spec.session !== undefined);
    expect(after.spec.guests).toEqual([old]);
  });

  it('does not believe a node that has agreed with the store about VMs of another, and holds up nobody else', async () => {
    await addNode('n1');
    await apply(vmYaml('a'));
    const entry = (await table(({ spec }) => spec.guests.length === 1)).spec.guests[0]!;
    await addNode('n2');
    await eventually('RealtimeAllocation', { name: 'n2' }, ({ spec }) => spec.session !== undefined);
    const domain = { ...unlisted(entry), grant: 'another', placement: { ...entry.placement, nodeName: 'n2' } };
    await agents.get('n2')!.tellUnlisted([domain]);
    await expect.poll(() => log.entries, { timeout: deadlineMs }).toContainEqual(expect.objectContaining({
      level: 'error', message: 'an agent tells of what no controller has written; its node takes no guests',
    }));
    await apply(['b', 'c', 'd'].map((name) => vmYaml(name)).join('\n---'));
    const full = await table(({ spec }) => spec.guests.length === 3);
    expect(full.spec.guests[0]).toEqual(entry);
    await Promise.any(['b', 'c', 'd'].map((name) => vm(name, (object) => condition(object, 'Placed')?.reason === 'TooFewDedicatedCpus')));
    expect((await store.get('RealtimeAllocation', { name: 'n2' }))?.spec.guests).toEqual([]);
    expect((await vm('a', () => true)).status?.run?.node).toBe('n1');
  });

  it('takes up no domain that names a grant without its bytes, as only a liar does', async () => {
    const entry = await forgotten();
    const { salt: _, ...nameless } = unlisted(entry);
    await agents.get('n1')!.tellUnlisted([{ ...nameless, grant: 'made up' }]);
    start();
    await vm('a', (object) => condition(object, 'Placed')?.reason === 'DomainUnreadable');
    expect((await table(({ spec }) => spec.restore !== undefined)).spec.guests).toEqual([]);
  });

  it('opens a restore when a host runs what the store has forgotten, takes it up by its own grant, and goes on once a person accepts', async () => {
    const entry = await forgotten();
    await agents.get('n1')!.tellUnlisted([unlisted(entry)]);
    await apply(vmYaml('b'));
    start();
    const sealed = await table(({ spec }) => spec.restore !== undefined && spec.guests.length === 1);
    expect(sealed.spec.guests[0]).toEqual({ ...entry, request: sealed.spec.guests[0]?.request });
    expect(sealed.spec.session).toBeUndefined();
    const waiting = await vm('b', (object) => condition(object, 'Placed')?.reason === 'RestoreOpen');
    expect(waiting.status?.run).toBeUndefined();
    const { status } = await vm('a', (object) => object.status?.run !== undefined);
    expect(status?.run).toMatchObject({ grant: entry.grant?.name, node: 'n1', state: 'Open' });
    await agents.get('n1')!.tellUnlisted([]);
    await report(entry.vm.uid, { phase: 'Running' });

    await modify(store, 'RealtimeNode', { name: 'n1' }, ({ metadata, ...node }) => ({ ...node, metadata: { ...metadata, annotations: withAcceptance(metadata.annotations, sealed.spec.restore!, []) } }));
    const open = await table(({ spec }) => spec.session !== undefined && spec.guests.length === 2);
    expect(open.spec.guests[0]?.grant).toEqual(entry.grant);
    expect((await store.get('RealtimeNode', { name: 'n1' }))?.metadata.annotations?.['rtvm.dev/restore']).toBeUndefined();
  });
});
