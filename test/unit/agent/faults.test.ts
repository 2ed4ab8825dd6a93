// What stops the agent's look at one guest stops nothing else: an entry that is wrong, and a fault of rtvm itself.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Controller } from '../../../src/controller/controller.ts';
import { granted } from '../../../src/crds/grant.ts';
import type { AllocatedGuest, ReportedGuest } from '../../../src/crds/realtime-allocation.ts';
import { Agent } from '../../../src/node-agent/agent.ts';
import { nobodyObserves } from '../../../src/node-agent/agent-observer.ts';
import { filesOnDisk } from '../../../src/node-agent/files-on-disk.ts';
import type { Hypervisor } from '../../../src/node-agent/hypervisor.ts';
import { assert } from '../../../src/realtime/assert.ts';
import { machineRuntime } from '../../../src/runtime/runtime.ts';
import { silentLog } from '../../../src/runtime/testing/recorded-log.ts';
import { DirectoryStore } from '../../../src/store/directory/directory-store.ts';
import { modify } from '../../../src/store/modify.ts';
import type { Stored } from '../../../src/store/resource.ts';
import { recordedHost, unpackHost } from '../../fixtures/hosts/host-fixture.ts';
import type { UnpackedHost } from '../../fixtures/hosts/host-fixture.ts';
import { MemoryHost } from '../../hollow/memory-hypervisor.ts';

const deadlineMs = 30_000;

let directory: string;
let store: DirectoryStore;
let machine: UnpackedHost;
let host: MemoryHost;
let agent: Agent;
let controller: Controller;
let [agentEnds, controllerEnds]: Promise<unknown>[] = [];
let failures: number;
/** Of the domain at which the look at its threads finds a fault. */
let faultyUuid: string | undefined;

function faultyHypervisor(): Hypervisor {
  const hypervisor = host.hypervisor();
  const observe = hypervisor.observe.bind(hypervisor);
  hypervisor.observe = (domain) => {
    assert(domain.uuid !== faultyUuid, 'the domain is another', { uuid: domain.uuid });
    return observe(domain);
  };
  return hypervisor;
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rtvm-agent-faults-'));
  store = await DirectoryStore.open({ directory });
  machine = unpackHost(recordedHost('realtime-two-sockets'));
  host = new MemoryHost();
  failures = 0;
  faultyUuid = undefined;
  const { root } = machine;
  const log = silentLog;
  agent = new Agent({
    store, nodeName: 'n1', version: 'test', nodeLabels: {}, hypervisor: faultyHypervisor(), root,
    files: filesOnDisk({
      root, stateDirectory: join(directory, 'agent'), imageRoot: join(directory, 'images'), allowedUrls: [],
      runtime: machineRuntime,
    }),
    virtType: 'qemu', auditIntervalMs: 50, runtime: machineRuntime, log,
    observer: { ...nobodyObserves, assertionFailed: () => void (failures += 1) },
  });
  controller = new Controller({ store, runtime: machineRuntime, log });
  [agentEnds, controllerEnds] = [agent.run(), controller.run()];
});

afterEach(async () => {
  agent.stop();
  controller.stop();
  await Promise.all([agentEnds, controllerEnds]);
  await store.close();
  machine[Symbol.dispose]();
  await rm(directory, { recursive: true, force: true });
});

const vmYaml = (name: string) => `
apiVersion: rtvm.dev/v1alpha1
kind: RealtimeVM
metadata: {name: ${name}}
spec:
  cpu: {vcpus: 2, policy: Mixed, coreSharing: Allow, realtime: {}}
  memory: {size: 32Mi, pageSize: 2Mi}
  disks: [{name: data, emptySize: 1Mi}]`;
const nodeYaml = `
apiVersion: rtvm.dev/v1alpha1
kind: RealtimeNode
metadata: {name: n1}
spec: {dedicatedCpus: "2-3,6-7", sharedCpus: "0-1,4-5"}`;

/** Two VMs that run and are verified. @returns their UIDs. */
async function runTwo(): Promise<readonly [string, string]> {
  await store.applyManifests([{
    file: 'test.yaml',
    text: [
      nodeYaml,
      vmYaml('a'), vmYaml('b'),
    ].join('\n---\n'),
  }]);
  const [a, b] = await Promise.all(['a', 'b'].map((name) => vm(name, (object) => isTrue(object, 'Ready'))));
  return [a!.metadata.uid, b!.metadata.uid];
}

async function vm(name: string, wanted: (object: Stored<'RealtimeVM'>) => boolean): Promise<Stored<'RealtimeVM'>> {
  let last: unknown;
  const key = { namespace: 'default', name };
  for await (const event of store.watch('RealtimeVM', key, AbortSignal.timeout(deadlineMs))) {
    if (event.type !== 'added' && event.type !== 'modified') continue;
    last = event.object.status;
    if (wanted(event.object)) return event.object;
  }
  throw new Error(`${name} did not become what was wanted; last: ${JSON.stringify(last)}`);
}

const condition = (
  object: Stored<'RealtimeVM'>, type: string,
) => object.status?.conditions?.find((candidate) => candidate.type === type);
const isTrue = (object: Stored<'RealtimeVM'>, type: string) => condition(object, type)?.status === 'True';

async function report(uid: string, wanted: (guest: ReportedGuest) => boolean): Promise<ReportedGuest> {
  let last: unknown;
  for await (const event of store.watch('RealtimeAllocation', { name: 'n1' }, AbortSignal.timeout(deadlineMs))) {
    if (event.type !== 'added' && event.type !== 'modified') continue;
    last = event.object.status;
    const found = event.object.status?.guests.find((guest) => guest.uid === uid && wanted(guest));
    if (found !== undefined) return found;
  }
  throw new Error(`${uid} was not reported as wanted; last: ${JSON.stringify(last)}`);
}

async function edit(uid: string, change: (entry: AllocatedGuest) => AllocatedGuest): Promise<void> {
  await modify(store, 'RealtimeAllocation', { name: 'n1' }, (table) => ({
    ...table, spec: {
      ...table.spec, guests: table.spec.guests.map((entry) => (entry.vm.uid === uid ? change(entry) : entry)),
    },
  }));
}

/** Each domain that runs, by its UUID, and in which process. */
const processes = () => new Map(host.running().map(({ uuid, process }) => [uuid, process?.pid]));

it('an entry that cannot be read is refused, and its domain left as it is; the others go on', async () => {
  const [a, b] = await runTwo();
  controller.stop();
  await controllerEnds;
  const before = processes();
  const right = (await store.get(
    'RealtimeAllocation', { name: 'n1' },
  ))!.spec.guests.find(({ vm: { uid } }) => uid === a)!;
  await edit(
    a, (entry) => ({ ...entry, placement: { ...entry.placement, vcpuPins: [{ vcpu: 0, cpus: '0' }, { vcpu: 1 }] } }),
  );
  const refused = await report(a, ({ phase }) => phase === 'Unknown');
  expect(refused).toMatchObject({ reason: 'AllocationInvalid', domain: { uuid: a, restarts: 0 } });
  expect(refused.message).toContain('placement.vcpuPins[1]: has neither cpu nor cpus');
  expect(processes()).toEqual(before);
  // The other is looked after still: it is asked to end, and does.
  await edit(b, (entry) => ({ ...entry, desired: 'Stopped', request: 'r' }));
  await report(b, ({ phase, request }) => phase === 'Stopped' && request === 'r');
  expect([...processes().keys()]).toEqual([a]);

  await edit(a, () => right);
  await report(a, ({ phase, reason }) => phase === 'Running' && reason === 'Verified');
  expect(processes().get(a)).toBe(before.get(a));
  expect(failures).toBe(0);
});

const uidOfAnother = '00000000-0000-4000-8000-00000000000c';

/** Puts an entry for a VM of its own beside those of the table: as the first one, and then changed. */
async function addEntry(change: (entry: AllocatedGuest) => AllocatedGuest): Promise<void> {
  await modify(store, 'RealtimeAllocation', { name: 'n1' }, (table) => {
    const first = table.spec.guests[0]!;
    const vm = { namespace: 'default', name: 'c', uid: uidOfAnother };
    const entry = change({ ...first, vm, request: 'c', guest: { ...first.guest, uuid: uidOfAnother } });
    return { ...table, spec: { ...table.spec, guests: [...table.spec.guests, entry] } };
  });
}

it('nothing is started of an entry that contradicts itself', async () => {
  const [a, b] = await runTwo();
  controller.stop();
  await controllerEnds;
  const uid = uidOfAnother;
  await addEntry((entry) => granted({
    ...entry, placement: { ...entry.placement, vcpuPins: [{ vcpu: 0, cpus: '0' }] },
  }, 'salt'));
  expect(await report(uid, ({ phase }) => phase === 'Failed')).toMatchObject({
    reason: 'AllocationInvalid',
    message: 'its entry in the RealtimeAllocation contradicts itself: the guest has vCPUs 0-1, and its placement 0; '
      + 'halt the VM and start it again, then it gets another place',
  });
  expect([...processes().keys()].toSorted()).toEqual([a, b].toSorted());
});

it.each<[string, (entry: AllocatedGuest) => AllocatedGuest]>([
  ['that has the grant of another', (entry) => entry],
  ['whose place was edited', (entry) => (
    { ...granted(entry, 'salt'), placement: { ...entry.placement, reservedCpus: '7' } }
  )],
  ['whose guest was edited', (entry) => (
    { ...granted(entry, 'salt'), guest: { ...entry.guest, terminationGracePeriodSeconds: 5 } }
  )],
])('nothing is started of an entry %s', async (_, change) => {
  const [a, b] = await runTwo();
  controller.stop();
  await controllerEnds;
  await addEntry(change);
  expect(await report(uidOfAnother, ({ phase }) => phase === 'Failed')).toMatchObject({
    reason: 'AllocationInvalid',
    message: 'its entry in the RealtimeAllocation is not what was granted: somebody has edited it, or a version that '
      + 'knows other fields has; halt the VM and start it again, then it gets a new one',
  });
  expect([...processes().keys()].toSorted()).toEqual([a, b].toSorted());
  expect(failures).toBe(0);
});

it('a guest that runs is audited against what it was made with, whatever its entry was edited to', async () => {
  const [a, b] = await runTwo();
  controller.stop();
  await controllerEnds;
  const thread = () => host.find(a)?.process?.threads.find(({ comm }) => comm === 'CPU 1/KVM');
  const before = thread()!;
  const free = ['2', '3', '6', '7'].find((cpu) => (
    host.running().every(({ process }) => process?.threads.every(({ allowedCpus }) => allowedCpus.toString() !== cpu))
  ));
  await edit(a, (entry) => ({
    ...entry,
    placement: {
      ...entry.placement, vcpuPins: [entry.placement.vcpuPins[0]!, { vcpu: 1, cpu: Number(free) }],
    },
  }));
  // The agent has read it once it has done what another entry asks for since.
  await edit(b, (entry) => ({ ...entry, desired: 'Stopped', request: 'r' }));
  await report(b, ({ phase, request }) => phase === 'Stopped' && request === 'r');
  // What is disturbed is put back to where it was.
  host.disturb(a, 'CPU 1/KVM', { policy: 'OTHER', priority: 0 });
  await expect.poll(() => thread()?.policy, { timeout: deadlineMs }).toBe('FIFO');
  await report(a, ({ phase, reason }) => phase === 'Running' && reason === 'Verified');
  expect(thread()?.allowedCpus.toString()).toBe(before.allowedCpus.toString());
  expect(failures).toBe(0);
});

it('a fault of rtvm at one guest is counted and reported, and ends neither its domain nor anything else', async () => {
  const [a, b] = await runTwo();
  const before = processes();
  faultyUuid = a;
  const faulty = await vm('a', (object) => isTrue(object, 'Stalled'));
  const why = {
    reason: 'AssertionFailed',
    message: `rtvm has a fault: it was expected that the domain is another ({"uuid":"${a}"})`,
  };
  expect(condition(faulty, 'Stalled')).toMatchObject(why);
  expect(condition(faulty, 'RealtimeVerified')).toMatchObject({ status: 'Unknown' });
  expect(condition(faulty, 'Ready')).toMatchObject({ status: 'False', reason: 'AssertionFailed' });
  expect(failures).toBeGreaterThan(0);
  expect(processes()).toEqual(before);
  await report(b, ({ phase, reason }) => phase === 'Running' && reason === 'Verified');
  await store.applyManifests([{ file: 'more.yaml', text: vmYaml('c') }]);
  await vm('c', (object) => isTrue(object, 'Ready'));

  faultyUuid = undefined;
  await vm('a', (object) => isTrue(object, 'Ready') && !isTrue(object, 'Stalled'));
  expect(processes().get(a)).toBe(before.get(a));
});
