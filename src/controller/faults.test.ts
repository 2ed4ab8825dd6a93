// A fault of rtvm itself, put in at the store and at the counters: what is about other VMs and nodes goes on.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { AssertionFailedError, assert } from '../realtime/assert.ts';
import { machineRuntime } from '../runtime/runtime.ts';
import { recordedLog } from '../runtime/testing/recorded-log.ts';
import type { RecordedLog } from '../runtime/testing/recorded-log.ts';
import { DirectoryStore } from '../store/directory/directory-store.ts';
import { modify } from '../store/modify.ts';
import type { ResourceStore } from '../store/resource-store.ts';
import type { Stored } from '../store/resource.ts';
import { Controller } from './controller.ts';
import { DoubleBookedError } from './double-booked-error.ts';
import { SpokenAgent } from './testing/spoken-agent.ts';
import { nobodyCounts } from './invariants-observer.ts';

const deadlineMs = 20_000;

let directory: string;
let store: DirectoryStore;
let controller: Controller;
let running: Promise<void>;
let log: RecordedLog;
let failures: number;
/** What a write of this VM's finalizers throws, by the VM's name. */
let faultOf: Map<string, Error>;
let faultyNode: string | undefined;
let agents: SpokenAgent[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rtvm-faults-'));
  store = await DirectoryStore.open({ directory });
  log = recordedLog();
  failures = 0;
  faultOf = new Map();
  faultyNode = undefined;
  agents = [];
  controller = new Controller({
    store: faultyStore(), runtime: machineRuntime,
    log,
    invariants: {
      ...nobodyCounts,
      doubleBooked: (node) => assert(node !== faultyNode, 'the node is another', { node }),
      assertionFailed: () => void (failures += 1),
    },
  });
  running = controller.run();
  running.catch(() => undefined);
});

afterEach(async () => {
  controller.stop();
  await running;
  await Promise.all(agents.map((agent) => agent.stop()));
  await store.close();
  await rm(directory, { recursive: true, force: true });
});

function faultyStore(): ResourceStore {
  return new Proxy<ResourceStore>(store, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): unknown => {
        const [object] = args as [{ readonly kind?: string; readonly metadata?: { readonly name: string } }];
        const isVm = name === 'update' && object.kind === 'RealtimeVM';
        const fault = isVm ? faultOf.get(object.metadata?.name ?? '') : undefined;
        return fault === undefined ? value.apply(target, args) as unknown : Promise.reject(fault);
      };
    },
  });
}

const apply = (...texts: readonly string[]) => store.applyManifests([{
  file: 'test.yaml', text: texts.join('\n---\n'),
}]);
const vmYaml = (name: string) => `
apiVersion: rtvm.dev/v1alpha1
kind: RealtimeVM
metadata: {name: ${name}}
spec: {cpu: {vcpus: 2, policy: Mixed, realtime: {}}, memory: {size: 32Mi}, disks: [{name: root, emptySize: 1Mi}]}`;
const nodeYaml = (name: string, dedicatedCpus: string) => `
apiVersion: rtvm.dev/v1alpha1
kind: RealtimeNode
metadata: {name: ${name}}
spec: {dedicatedCpus: "${dedicatedCpus}", sharedCpus: "0"}`;

async function addNode(name: string): Promise<void> {
  await apply(nodeYaml(name, '1-3'));
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
  agents.push(new SpokenAgent(store, name));
}

async function vm(name: string, wanted: (object: Stored<'RealtimeVM'>) => boolean): Promise<Stored<'RealtimeVM'>> {
  let last: unknown;
  const key = { namespace: 'default', name };
  for await (const event of store.watch('RealtimeVM', key, AbortSignal.timeout(deadlineMs))) {
    if (event.type !== 'added' && event.type !== 'modified') continue;
    last = event.object.status;
    if (wanted(event.object)) return event.object;
  }
  const seen = `last: ${JSON.stringify(last)}; log: ${JSON.stringify(log.entries)}`;
  throw new Error(`${name} did not become what was wanted; ${seen}`);
}

const condition = (
  object: Stored<'RealtimeVM'>, type: string,
) => object.status?.conditions?.find((candidate) => candidate.type === type);

it('stops the VM that it is about, which says so, and no other; the VM goes on once it is gone', async () => {
  faultOf.set('bad', new AssertionFailedError('this never happens', { seen: 1 }));
  await addNode('n1');
  await apply(vmYaml('bad'), vmYaml('good'));
  const bad = await vm('bad', (object) => condition(object, 'Stalled')?.status === 'True');
  const why = {
    reason: 'AssertionFailed', message: 'rtvm has a fault: it was expected that this never happens ({"seen":1})',
  };
  expect(condition(bad, 'Stalled')).toMatchObject(why);
  expect(condition(bad, 'Ready')).toMatchObject({ ...why, status: 'Unknown' });
  await vm('good', (object) => object.status?.phase === 'Placed');
  expect(failures).toBeGreaterThan(0);
  const [first] = log.entries;
  expect(first).toMatchObject({ message: 'reconcile failed; retrying', fields: { vm: 'default/bad', error: { code: 'ASSERTION_FAILED' } } });

  faultOf.clear();
  const placed = await vm('bad', (object) => object.status?.phase === 'Placed');
  expect(condition(placed, 'Stalled')?.status).toBe('False');
  const { uid } = placed.metadata;
  const events = await store.events({ kind: 'RealtimeVM', namespace: 'default', name: 'bad', uid });
  const told = events.filter(({ reason }) => reason === 'AssertionFailed');
  expect(told).toMatchObject([{ type: 'Warning', message: why.message, count: 1 }]);
});

it('a placement that was refused is reported, and tried again with growing pauses', async () => {
  faultOf.set('bad', new DoubleBookedError('n1', 'u', [], () => 'default/bad'));
  await addNode('n1');
  await apply(vmYaml('bad'));
  const bad = await vm('bad', (object) => condition(object, 'Placed')?.reason === 'DoubleBooked');
  expect(bad.status?.phase).toBe('Pending');
  const tries = () => log.entries.flatMap(({ message, fields: { retryInMs } }) => (
    message === 'reconcile failed; retrying' && retryInMs !== undefined ? [retryInMs] : []
  ));
  while (tries().length < 3) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(tries().slice(0, 3)).toEqual([100, 200, 400]);
  faultOf.clear();
  await vm('bad', (object) => object.status?.phase === 'Placed');
});

it('keeps the node that it is about from new VMs, and no other, until something of it changes', async () => {
  faultyNode = 'bad';
  await store.create({ kind: 'RealtimeAllocation', metadata: { name: 'bad' }, spec: { guests: [] } });
  await addNode('bad');
  const message = 'node set aside until something of it changes';
  await expect.poll(() => log.entries, { timeout: deadlineMs }).toContainEqual(expect.objectContaining({ level: 'error', message }));
  await apply(vmYaml('a'));
  expect(condition(
    await vm('a', (object) => object.status?.phase === 'Pending'), 'Placed',
  )).toMatchObject({ reason: 'NoNodes' });
  await addNode('good');
  expect((await vm('a', (object) => object.status?.phase === 'Placed')).status?.placement?.nodeName).toBe('good');
  faultyNode = undefined;
  await apply(nodeYaml('bad', '1-2'));
  await apply(...['b', 'c', 'd', 'e'].map(vmYaml));
  await Promise.all(['b', 'c', 'd', 'e'].map((name) => vm(name, (object) => object.status?.phase === 'Placed')));
});
