// What others have written into a node's table: two VMs on one CPU, entries that no version of rtvm writes.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AllocatedGuest } from '../crds/realtime-allocation.ts';
import { machineRuntime } from '../runtime/runtime.ts';
import { recordedLog } from '../runtime/testing/recorded-log.ts';
import type { RecordedLog } from '../runtime/testing/recorded-log.ts';
import { DirectoryStore } from '../store/directory/directory-store.ts';
import { modify } from '../store/modify.ts';
import type { Stored } from '../store/resource.ts';
import { Controller } from './controller.ts';
import { nobodyCounts } from './invariants-observer.ts';
import { SpokenAgent } from './testing/spoken-agent.ts';

const deadlineMs = 20_000;

let directory: string;
let store: DirectoryStore;
let controller: Controller;
let log: RecordedLog;
/** The last figure of each node. */
let doubled: Map<string, number>;
let running: Promise<void>;
let agents: Map<string, SpokenAgent>;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rtvm-foreign-'));
  store = await DirectoryStore.open({ directory });
  log = recordedLog();
  doubled = new Map();
  agents = new Map();
  controller = new Controller({
    store, runtime: machineRuntime,
    log,
    invariants: { ...nobodyCounts, doubleBooked: (node, overlaps) => doubled.set(node, overlaps) },
  });
  running = controller.run();
  running.catch(() => undefined);
});

afterEach(async () => {
  controller.stop();
  await running;
  await Promise.all([...agents.values()].map((agent) => agent.stop()));
  await store.close();
  await rm(directory, { recursive: true, force: true });
});

const apply = (...texts: readonly string[]) => store.applyManifests([{
  file: 'test.yaml', text: texts.join('\n---\n'),
}]);
const vmYaml = (name: string, spec = '') => `
apiVersion: rtvm.dev/v1alpha1
kind: RealtimeVM
metadata: {name: ${name}}
spec:
  {cpu: {vcpus: 2, policy: Mixed, realtime: {}}, memory: {size: 32Mi}, disks: [{name: root, emptySize: 1Mi}]${spec}}`;

async function addNode(name: string): Promise<void> {
  await apply(`
apiVersion: rtvm.dev/v1alpha1
kind: RealtimeNode
metadata: {name: ${name}}
spec: {dedicatedCpus: "1-3", sharedCpus: "0"}`);
  const topology = {
    numaNodes: [{
      id: 0, cpus: '0-3', memoryMiB: 8192, distances: [10], hugepages: [{ size: '2Mi', total: 512, free: 512 }],
    }],
    cores: ['0', '1', '2', '3'], caches: [], pciDevices: [],
  };
  await modify(
    store, 'RealtimeNode', { name }, (node) => ({ ...node, status: { topology, orphans: [] } }),
    { write: 'updateStatus' },
  );
  agents.set(name, new SpokenAgent(store, name));
}

async function eventually<K extends 'RealtimeVM' | 'RealtimeAllocation'>(
  kind: K, key: { namespace?: string; name: string }, wanted: (object: Stored<K>) => boolean,
): Promise<Stored<K>> {
  let last: unknown;
  for await (const event of store.watch(kind, key, AbortSignal.timeout(deadlineMs))) {
    if (event.type !== 'added' && event.type !== 'modified') continue;
    last = event.object;
    if (wanted(event.object)) return event.object;
  }
  const seen = `last: ${JSON.stringify(last)}; log: ${JSON.stringify(log.entries)}`;
  throw new Error(`${kind} ${key.name} did not become what was wanted; ${seen}`);
}

const vm = (
  name: string, wanted: (object: Stored<'RealtimeVM'>) => boolean,
) => eventually('RealtimeVM', { namespace: 'default', name }, wanted);
const table = (
  name: string, wanted: (object: Stored<'RealtimeAllocation'>) => boolean,
) => eventually('RealtimeAllocation', { name }, wanted);
const condition = (
  object: Stored<'RealtimeVM'>, type: string,
) => object.status?.conditions?.find((candidate) => candidate.type === type);

/** As somebody else would, with `kubectl edit`. */
async function edit(
  name: string, change: (guests: readonly AllocatedGuest[]) => readonly AllocatedGuest[],
): Promise<void> {
  await modify(
    store, 'RealtimeAllocation', { name },
    (allocation) => ({ ...allocation, spec: { ...allocation.spec, guests: change(allocation.spec.guests) } }),
  );
}

const onCpu = (entry: AllocatedGuest, cpu: number): AllocatedGuest => ({
  ...entry,
  placement: {
    ...entry.placement,
    vcpuPins: entry.placement.vcpuPins.map((pin) => (pin.cpu === undefined ? pin : { ...pin, cpu })),
  },
});

async function becomes(wanted: () => boolean): Promise<void> {
  const until = Date.now() + deadlineMs;
  while (!wanted() && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(wanted()).toBe(true);
}

/** Once there are any. */
async function eventsOf(name: string, uid: string, wanted: string) {
  for (;;) {
    const events = (await store.events({
      kind: 'RealtimeVM', namespace: 'default', name, uid,
    })).filter(({ reason }) => reason === wanted);
    if (events.length > 0) return events;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe('a table that gives a CPU twice', () => {
  it('is told of once, in figure, events and log; and each of the two can be ended', async () => {
    await addNode('n1');
    await apply(vmYaml('a'), vmYaml('b'));
    await table('n1', ({ spec }) => spec.guests.length === 2);
    await becomes(() => doubled.get('n1') === 0);
    await edit('n1', (guests) => guests.map((entry) => onCpu(entry, 2)));
    await becomes(() => doubled.get('n1') === 1);
    for (const name of ['a', 'b']) {
      const { metadata: { uid } } = await vm(name, () => true);
      const events = await eventsOf(name, uid, 'DoubleBooked');
      expect(events).toMatchObject([{
        type: 'Warning', message: 'on node n1 CPU 2 is given to default/a and default/b', count: 1,
      }]);
    }
    // What is free is given all the same, and what is given twice to nobody else.
    await apply(vmYaml('c'), vmYaml('d'));
    const four = await table('n1', ({ spec }) => spec.guests.length === 4);
    expect(four.spec.guests.map(({ placement }) => placement.vcpuPins[1]?.cpu).toSorted()).toEqual([1, 2, 2, 3]);

    await store.delete('RealtimeVM', { namespace: 'default', name: 'a' });
    const asked = await table('n1', ({ spec }) => spec.guests[0]?.desired === 'Removed');
    const { vm: { uid }, request } = asked.spec.guests[0]!;
    await agents.get('n1')!.tell(uid, { phase: 'Removed', request });
    await table('n1', ({ spec }) => spec.guests.length === 3);
    await becomes(() => doubled.get('n1') === 0);
    const told = log.entries.filter(({ message }) => message === 'RealtimeAllocation gives something twice');
    const fields = { node: 'n1', detail: 'CPU 2 is given to default/a and default/b' };
    expect(told).toMatchObject([{ level: 'error', fields }]);
  });
});

describe('an entry that cannot be read', () => {
  it('keeps its node from new VMs, and nothing else', async () => {
    await addNode('n1');
    await apply(vmYaml('a'));
    await table('n1', ({ spec }) => spec.guests.length === 1);
    await edit(
      'n1',
      (guests) => guests.map((entry) => ({
        ...entry, placement: { ...entry.placement, vcpuPins: [{ vcpu: 0, cpus: '0' }, { vcpu: 1 }] },
      })),
    );
    const why = 'the entry of default/a: placement.vcpuPins[1]';
    const isSaid = () => log.entries.some(({ fields: { node, detail } }) => node === 'n1' && detail?.startsWith(why) === true);
    await becomes(isSaid);
    await apply(vmYaml('b'));
    const waiting = await vm('b', (object) => object.status?.phase === 'Pending');
    expect(condition(waiting, 'Placed')).toMatchObject({ reason: 'HostNotReady' });
    expect(condition(waiting, 'Placed')?.message).toContain('vcpuPins[1]');

    await addNode('n2');
    await vm('b', (object) => object.status?.placement?.nodeName === 'n2');
    // Once somebody has put it right, the node takes VMs again.
    await edit(
      'n1',
      (guests) => guests.map((entry) => ({
        ...entry, placement: { ...entry.placement, vcpuPins: [{ vcpu: 0, cpus: '0' }, { vcpu: 1, cpu: 1 }] },
      })),
    );
    await apply(...['c', 'd', 'e', 'f'].map((name) => vmYaml(name)));
    const full = await table('n1', ({ spec }) => spec.guests.length === 3);
    expect(full.spec.guests.map(({ placement }) => placement.vcpuPins[1]?.cpu).toSorted()).toEqual([1, 2, 3]);
  });
});

it('an entry counts on the node whose table it is in, whatever node it names', async () => {
  await addNode('n1');
  await apply(vmYaml('a'));
  await table('n1', ({ spec }) => spec.guests.length === 1);
  await edit(
    'n1', (guests) => guests.map((entry) => ({ ...entry, placement: { ...entry.placement, nodeName: 'elsewhere' } })),
  );
  await apply(vmYaml('b'));
  const two = await table('n1', ({ spec }) => spec.guests.length === 2);
  expect(two.spec.guests.map(({ placement }) => placement.vcpuPins[1]?.cpu)).toEqual([1, 2]);
});

it('a domain that was found after its spec had changed is stopped for a restart, and placed anew', async () => {
  await addNode('n1');
  await apply(vmYaml('a'));
  await table('n1', ({ spec }) => spec.guests.length === 1);
  // Its guest is of two vCPUs by now, and the domain that was found has one.
  await edit(
    'n1',
    (guests) => guests.map((entry) => ({
      ...entry, placement: { ...entry.placement, vcpuPins: [{ vcpu: 0, cpus: '0' }] },
    })),
  );
  await apply(vmYaml('a', ', restartedAt: 2026-01-31T12:00:00Z'));
  const asked = await table('n1', ({ spec }) => spec.guests[0]?.desired !== 'Running');
  const { desired, request, vm: { uid } } = asked.spec.guests[0]!;
  expect(desired).toBe('Stopped');
  await agents.get('n1')!.tell(uid, { phase: 'Stopped', request });
  const again = await table('n1', ({ spec }) => spec.guests[0]?.desired === 'Running');
  expect(again.spec.guests[0]?.placement.vcpuPins).toEqual([{ vcpu: 0, cpus: '0' }, { vcpu: 1, cpu: 1 }]);
});
