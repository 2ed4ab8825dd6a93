// The agent on a host that runs nothing (test/hollow): its own code and a real store, from allocation to report.
import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Controller } from '../../../src/controller/controller.ts';
import type { ReportedGuest } from '../../../src/crds/realtime-allocation.ts';
import { LibvirtError } from '../../../src/libvirt/errors.ts';
import { Agent } from '../../../src/node-agent/agent.ts';
import { filesOnDisk } from '../../../src/node-agent/files-on-disk.ts';
import { CpuSet } from '../../../src/realtime/cpu-set.ts';
import { machineRuntime } from '../../../src/runtime/runtime.ts';
import type { Runtime } from '../../../src/runtime/runtime.ts';
import type { LogFields } from '../../../src/runtime/log.ts';
import { recordedLog, silentLog } from '../../../src/runtime/testing/recorded-log.ts';
import type { RecordedLog } from '../../../src/runtime/testing/recorded-log.ts';
import { DirectoryStore } from '../../../src/store/directory/directory-store.ts';
import type { Stored } from '../../../src/store/resource.ts';
import { recordedHost, unpackHost } from '../../fixtures/hosts/host-fixture.ts';
import type { UnpackedHost } from '../../fixtures/hosts/host-fixture.ts';
import { MemoryHost } from '../../hollow/memory-hypervisor.ts';

const deadlineMs = 30_000;

let log: RecordedLog;
let directory: string;
let store: DirectoryStore;
let machine: UnpackedHost;
let host: MemoryHost;
let running: { agent: Agent; controller: Controller; ended: Promise<unknown> };
let nowMs: number;
/** How far the wall clock was put forward or back. */
let jumpedMs: number;
/** Timers are the machine's; what is read of time is the test's to say. */
const movable: Runtime = {
  ...machineRuntime, clock: { ...machineRuntime.clock, nowMs: () => nowMs, date: () => new Date(nowMs + jumpedMs) },
};

beforeEach(async () => {
  log = recordedLog();
  directory = await mkdtemp(join(tmpdir(), 'rtvm-agent-'));
  store = await DirectoryStore.open({ directory });
  machine = unpackHost(recordedHost('realtime-two-sockets'));
  host = new MemoryHost();
  nowMs = Date.parse('2026-01-01T00:00:00Z');
  jumpedMs = 0;
  start();
});

afterEach(async () => {
  await stop();
  await store.close();
  machine[Symbol.dispose]();
  await rm(directory, { recursive: true, force: true });
});

function agentOfNode(): Agent {
  return new Agent({
    store, nodeName: 'n1', version: 'test', nodeLabels: {},
    hypervisor: host.hypervisor(), root: machine.root, runtime: movable,
    files: filesOnDisk({
      root: machine.root, stateDirectory: join(directory, 'agent'), imageRoot: join(directory, 'images'),
      allowedUrls: [], runtime: movable,
    }),
    // The recorded host has no device files, so KVM is not asked for.
    virtType: 'qemu', auditIntervalMs: 50, log,
  });
}

/** As on one host. */
function start(): void {
  const agent = agentOfNode();
  const controller = new Controller({ store, runtime: movable, log: silentLog });
  running = { agent, controller, ended: Promise.all([agent.run(), controller.run()]) };
}

/** What the agents of this test have logged with this message. */
function logged(message: string): readonly LogFields[] {
  return log.entries.filter((entry) => entry.message === message).map(({ fields }) => fields);
}

/** As where no controller looks just now. */
async function withAgentAlone(seen: (agent: Agent) => Promise<unknown>): Promise<void> {
  const agent = agentOfNode();
  const ended = agent.run();
  try {
    await seen(agent);
  } finally {
    agent.stop();
    await ended;
  }
}

async function stop(): Promise<void> {
  running.agent.stop();
  running.controller.stop();
  await running.ended;
}

const vmYaml = (name: string, spec = '') => `
apiVersion: rtvm.dev/v1alpha1
kind: RealtimeVM
metadata: {name: ${name}}
spec: {cpu: {vcpus: 2, policy: Mixed, coreSharing: Allow, realtime: {priority: 5}}, memory: {size: 32Mi, pageSize: 2Mi}, disks: [{name: data, emptySize: 1Mi}], terminationGracePeriodSeconds: 1${spec}}`;

async function apply(...documents: readonly string[]): Promise<void> {
  await store.applyManifests([{ file: 'test.yaml', text: documents.join('\n---\n') }]);
}

const nodeYaml = '{apiVersion: rtvm.dev/v1alpha1, kind: RealtimeNode, metadata: {name: n1}, spec: {dedicatedCpus: "2-3,6-7", sharedCpus: "0-1,4-5"}}';

async function vm(name: string, wanted: (object: Stored<'RealtimeVM'>) => boolean): Promise<Stored<'RealtimeVM'>> {
  let last: unknown;
  for await (const event of store.watch('RealtimeVM', { namespace: 'default', name }, AbortSignal.timeout(deadlineMs))) {
    if (event.type !== 'added' && event.type !== 'modified') continue;
    last = event.object.status;
    if (wanted(event.object)) return event.object;
  }
  throw new Error(`${name} did not become what was wanted; last: ${JSON.stringify(last)}`);
}

async function report(wanted: (guest: ReportedGuest) => boolean): Promise<ReportedGuest> {
  let last: unknown;
  for await (const event of store.watch('RealtimeAllocation', { name: 'n1' }, AbortSignal.timeout(deadlineMs))) {
    if (event.type !== 'added' && event.type !== 'modified') continue;
    last = event.object.status;
    const found = event.object.status?.guests.find(wanted);
    if (found !== undefined) return found;
  }
  throw new Error(`no guest was reported as wanted; last: ${JSON.stringify(last)}`);
}

const condition = (object: Stored<'RealtimeVM'>, type: string) => object.status?.conditions?.find((candidate) => candidate.type === type);
const ready = (name: string) => vm(name, (object) => condition(object, 'Ready')?.status === 'True');
const refuses = (message: string) => new LibvirtError('domainCreateWithFlags', { number: 38, domainNumber: 10, level: 2, message });

describe('Agent', () => {
  it('runs a guest as its allocation says, verifies it, and reports once per transition', async () => {
    await apply(nodeYaml, vmYaml('a'));
    const { metadata, status } = await ready('a');
    const domain = host.running()[0]!;
    expect(domain).toMatchObject({ uuid: metadata.uid, run: 'running' });
    const pinned = status?.placement?.vcpuPins.find(({ vcpu }) => vcpu === 1)?.cpu;
    expect(domain.process?.threads.find(({ comm }) => comm === 'CPU 1/KVM')).toMatchObject({ policy: 'FIFO', priority: 5, allowedCpus: CpuSet.of(pinned!) });
    const allocation = await store.get('RealtimeAllocation', { name: 'n1' });
    // Many audits later nothing new has been written.
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect((await store.get('RealtimeAllocation', { name: 'n1' }))?.metadata.resourceVersion).toBe(allocation?.metadata.resourceVersion);
  });

  it('tells where the devices are attached that the administrator names, so that a guest can be near one', async () => {
    const addresses = { far: '0000:3b:00.0', near: '0000:af:00.0', nowhere: '0000:5e:00.0' };
    for (const [address, numaNode] of [[addresses.far, 0], [addresses.near, 1], [addresses.nowhere, -1]] as const) {
      const path = join(machine.root.sys, 'bus/pci/devices', address);
      mkdirSync(path, { recursive: true });
      writeFileSync(join(path, 'numa_node'), `${numaNode}\n`);
    }
    await apply(
      nodeYaml,
      '{apiVersion: rtvm.dev/v1alpha1, kind: RealtimeVMClass, metadata: {name: fec}, spec: {cpu: {vcpus: 2, policy: Mixed, coreSharing: Allow, realtime: {}}, memory: {size: 32Mi, pageSize: 2Mi}, allow: {deviceClasses: [fec]}}}',
      '{apiVersion: rtvm.dev/v1alpha1, kind: RealtimeVM, metadata: {name: a}, spec: {className: fec, disks: [{name: data, emptySize: 1Mi}], hostDevices: [{name: card, class: fec, numaAffinity: Required}]}}',
    );
    await vm('a', (object) => condition(object, 'Placed')?.reason === 'DeviceMissing');
    await apply(`{apiVersion: rtvm.dev/v1alpha1, kind: RealtimeNode, metadata: {name: n1}, spec: {dedicatedCpus: "2-3,6-7", sharedCpus: "0-1,4-5", deviceClasses: [{name: fec, addresses: ["${addresses.near}", "${addresses.nowhere}"]}], networks: [{name: fronthaul, sriov: ["${addresses.far}"]}]}}`);
    const { status } = await ready('a');
    const { status: told } = (await store.get('RealtimeNode', { name: 'n1' }))!;
    expect(told?.topology?.pciDevices).toEqual([{ address: addresses.far, numaNode: 0 }, { address: addresses.near, numaNode: 1 }]);
    expect(told?.versions).toMatchObject({ rtvm: 'test' });
    const near = told?.topology?.numaNodes.find(({ id }) => id === 1)?.cpus ?? '';
    const pins = status?.placement?.vcpuPins.flatMap(({ cpu }) => cpu ?? []) ?? [];
    expect(pins.every((cpu) => CpuSet.parse(near).has(cpu))).toBe(true);
    expect(pins).toHaveLength(1);
  });

  it('outlives a restart: the guest is adopted as it is, by its own record of when it started', async () => {
    await apply(nodeYaml, vmYaml('a'));
    const before = await ready('a');
    const pid = host.running()[0]?.process?.pid;
    await stop();
    nowMs += 60_000;
    start();
    await vm('a', () => true);
    host.disturb(before.metadata.uid, 'CPU 1/KVM', { policy: 'OTHER', priority: 0 });
    await expect.poll(() => host.running()[0]?.process?.threads.find(({ comm }) => comm === 'CPU 1/KVM')?.policy, { timeout: deadlineMs }).toBe('FIFO');
    expect(host.running()[0]?.process?.pid).toBe(pid);
    expect((await ready('a')).status?.domain).toEqual(before.status?.domain);
  });

  it('says why a start failed, leaves nothing of it, and tries again later', async () => {
    host.failNextStart = refuses('Cannot set scheduler parameters for pid 4711: Operation not permitted');
    await apply(nodeYaml, vmYaml('a'));
    const failed = await report(({ phase }) => phase === 'Failed');
    expect(failed).toMatchObject({ reason: 'FifoRefused' });
    expect(logged('guest did not start')).toEqual([{
      node: 'n1', vm: 'default/a', request: expect.any(String) as string,
      phase: 'Failed', reason: 'FifoRefused', detail: failed.message,
      error: expect.any(LibvirtError) as unknown,
    }]);
    expect(host.domains).toEqual([]);
    expect(await readdir(join(directory, 'agent', 'disks'))).toEqual([]);
    nowMs += 5000;
    await ready('a');
  });

  it('starts a crashed guest again and counts it; lets one be that switched itself off, if its strategy says so', async () => {
    await apply(nodeYaml, vmYaml('a'), vmYaml('b', ', runStrategy: RerunOnFailure'));
    const [a, b] = await Promise.all([ready('a'), ready('b')]);
    nowMs += 5000;
    host.end(b.metadata.uid, 'shutdown');
    host.end(a.metadata.uid, 'crashed');
    await vm('b', ({ status }) => status?.phase === 'Stopped');
    // Not at once: its backoff has to pass.
    await expect.poll(() => { nowMs += 1000; return host.find(a.metadata.uid)?.run; }, { timeout: deadlineMs }).toBe('running');
    expect((await vm('a', ({ status }) => status?.domain?.restarts === 1)).status?.domain?.restarts).toBe(1);
    expect(logged('domain ended')).toContainEqual({
      node: 'n1', vm: 'default/a', request: expect.any(String) as string,
    });
    host.end(a.metadata.uid, 'destroyed');
    expect(host.find(b.metadata.uid)?.run).toBe('off');
  });

  it('gives a guest that does not answer its grace, and then ends it', async () => {
    await apply(nodeYaml, vmYaml('a'));
    await ready('a');
    host.guestsAnswer = false;
    await store.delete('RealtimeVM', { namespace: 'default', name: 'a' });
    await report(({ phase }) => phase === 'Stopping');
    expect(host.running()).toHaveLength(1);
    nowMs += 1000;
    await expect.poll(async () => await store.get('RealtimeVM', { namespace: 'default', name: 'a' }), { timeout: deadlineMs }).toBeUndefined();
    expect(host.domains).toEqual([]);
    expect(logged('guest did not switch off within its grace period; destroying its domain')).toEqual([{
      node: 'n1', vm: 'default/a', request: expect.any(String) as string, gracePeriodSeconds: 1,
      domain: expect.stringMatching(/^rtvm-default-a-/) as string,
    }]);
    expect((await store.get('RealtimeAllocation', { name: 'n1' }))?.spec.guests).toEqual([]);
  });

  it.each([['forward', 1], ['back', -1]])('keeps its pauses and graces when the wall clock is put %s by a day', async (_, days) => {
    await apply(nodeYaml, vmYaml('a'));
    const { metadata: { uid } } = await ready('a');
    jumpedMs = days * 86_400_000;
    host.end(uid, 'crashed');
    await report(({ domain }) => domain?.restarts === 0);
    await expect.poll(() => { nowMs += 500; return host.find(uid)?.run; }, { timeout: deadlineMs }).toBe('running');
    host.guestsAnswer = false;
    await ready('a');
    await store.delete('RealtimeVM', { namespace: 'default', name: 'a' });
    await report(({ phase }) => phase === 'Stopping');
    jumpedMs = -2 * jumpedMs;
    host.disturb(uid, 'CPU 1/KVM', {});
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(host.running()).toHaveLength(1);
    nowMs += 1000;
    await expect.poll(() => host.domains, { timeout: deadlineMs }).toEqual([]);
  });

  it("gives no guest the CPUs that somebody else's domain is pinned to, and tells of one that comes later", async () => {
    const theirs = (cpus: string) => `<domain type='kvm'><name>theirs</name><uuid>22222222-2222-4222-8222-222222222222</uuid><memory unit='MiB'>1</memory><vcpu cpuset='${cpus}'>1</vcpu></domain>`;
    const taken = async () => (await store.get('RealtimeNode', { name: 'n1' }))?.status?.orphans?.map(({ domain, vm: of, placement }) => [domain, of, placement?.reservedCpus]);
    host.define(theirs('0-3'));
    await apply(nodeYaml);
    await expect.poll(taken, { timeout: deadlineMs }).toEqual([]);
    host.start('22222222-2222-4222-8222-222222222222');
    // Of its CPUs, those that are dedicated to guests.
    await expect.poll(taken, { timeout: deadlineMs }).toEqual([['theirs', undefined, '2-3']]);
    expect(logged(
      'domain not managed by rtvm is pinned to dedicated pCPUs; no guest gets them while it runs',
    )).toEqual([
      { node: 'n1', domain: 'theirs', cpus: '2-3', remedy: expect.stringContaining('spec.dedicatedCpus') as string },
    ]);
    await apply(vmYaml('a'), vmYaml('b'), vmYaml('c'));
    await Promise.all([ready('a'), ready('b')]);
    expect(condition(await vm('c', (object) => condition(object, 'Placed')?.status === 'False'), 'Placed')?.reason).toBe('TooFewDedicatedCpus');
    expect(host.running().flatMap(({ process }) => process?.threads.find(({ comm }) => comm === 'CPU 1/KVM')?.allowedCpus.toString() ?? []).sort()).toEqual(['6', '7']);

    host.end('22222222-2222-4222-8222-222222222222', 'destroyed');
    await expect.poll(taken, { timeout: deadlineMs }).toEqual([]);
    const { metadata: { uid } } = await ready('c');
    host.define(theirs('2-3'));
    host.start('22222222-2222-4222-8222-222222222222');
    await expect.poll(async () => (await store.events({ kind: 'RealtimeVM', namespace: 'default', name: 'c', uid })).map(({ reason }) => reason), { timeout: deadlineMs }).toContain('CpusTaken');
    expect(logged('domain not managed by rtvm is pinned to pCPUs that the VM has to itself')).toContainEqual({
      node: 'n1', vm: 'default/c', domain: 'theirs', cpus: expect.stringMatching(/^[23]$/) as string,
    });
    // It runs on, and is not started again there once it has ended.
    expect(host.find(uid)?.run).toBe('running');
    host.end(uid, 'crashed');
    await expect.poll(async () => { nowMs += 1000; return (await store.get('RealtimeAllocation', { name: 'n1' }))?.status?.guests.find((guest) => guest.uid === uid); }, { timeout: deadlineMs })
      .toMatchObject({ phase: 'Failed', reason: 'CpusTaken', message: expect.stringMatching(/^pCPUs [23] are those of domain theirs, which runs on this host and is pinned to them, though it is not of rtvm/) as string });
  });

  it('keeps a domain that the allocation no longer names, shows it, and gives its CPUs to nobody', async () => {
    await apply(nodeYaml, vmYaml('a'), vmYaml('b'), vmYaml('c'));
    const [a] = await Promise.all([ready('a'), ready('b'), ready('c')]);
    // As from a restored backup: the table forgets a guest that runs.
    await stop();
    const allocation = await store.get('RealtimeAllocation', { name: 'n1' });
    await store.update({ ...allocation!, spec: { guests: allocation!.spec.guests.filter(({ vm: { uid } }) => uid !== a.metadata.uid) } });
    await store.update({ ...(await store.get('RealtimeVM', { namespace: 'default', name: 'a' }))!, metadata: { ...a.metadata, finalizers: [], resourceVersion: (await store.get('RealtimeVM', { namespace: 'default', name: 'a' }))!.metadata.resourceVersion } });
    await store.delete('RealtimeVM', { namespace: 'default', name: 'a' });
    start();
    await expect.poll(async () => (await store.get('RealtimeNode', { name: 'n1' }))?.status?.orphans?.map(({ vm: orphan }) => orphan?.uid), { timeout: deadlineMs }).toEqual([a.metadata.uid]);
    expect(host.find(a.metadata.uid)?.run).toBe('running');
    expect(logged('domain matches no allocation; left running, its CPUs stay reserved')).toEqual([{
      node: 'n1', vm: 'default/a', domain: host.find(a.metadata.uid)!.name,
      remedy: '"virsh destroy" and "virsh undefine" end it',
    }]);
    await apply(vmYaml('d'), vmYaml('e'));
    await Promise.any([ready('d'), ready('e')]);
    const pinned = host.running().map(({ process }) => process?.threads.find(({ comm }) => comm === 'CPU 1/KVM')?.allowedCpus.toString());
    expect(new Set(pinned).size).toBe(pinned.length);
  });

  it('makes its RealtimeNode again at once where somebody deletes it, with what runs beside its allocation',
    async () => {
      await apply(nodeYaml, vmYaml('a'));
      await ready('a');
      running.controller.stop();
      await store.update({ ...(await store.get('RealtimeAllocation', { name: 'n1' }))!, spec: { guests: [] } });
      const before = await store.get('RealtimeNode', { name: 'n1' });
      await store.delete('RealtimeNode', { name: 'n1' });
      await expect.poll(async () => {
        const node = await store.get('RealtimeNode', { name: 'n1' });
        return [
          node?.metadata.uid === before?.metadata.uid, node?.status?.topology !== undefined,
          node?.status?.orphans?.map(({ vm: one }) => one?.name),
        ];
      }, { timeout: deadlineMs }).toEqual([false, true, ['a']]);
    });

  it('makes the allocation say again what a running guest holds, where it was lost, and never moves the guest', async () => {
    await apply(nodeYaml, vmYaml('a'), vmYaml('b'));
    const before = await Promise.all([ready('a'), ready('b')]);
    const processes = host.running().map(({ process }) => process);
    await stop();
    const allocation = await store.get('RealtimeAllocation', { name: 'n1' });
    await store.update({ ...allocation!, spec: { guests: [] } });
    start();
    for (const { metadata: { name, uid }, status } of before) {
      await expect.poll(async () => {
        const found = (await store.get('RealtimeAllocation', { name: 'n1' }))?.spec.guests.find(({ vm: { uid: other } }) => other === uid);
        return [found?.placement, (await store.get('RealtimeNode', { name: 'n1' }))?.status?.orphans];
      }, { timeout: deadlineMs }).toEqual([status?.placement, []]);
      await ready(name);
    }
    expect(host.running().map(({ process }) => process)).toEqual(processes);
  });

  it('starts nothing for a wish that has come back with a backup, until a controller asks for it anew', async () => {
    await apply(nodeYaml, vmYaml('a'));
    await ready('a');
    const { spec: backup } = (await store.get('RealtimeAllocation', { name: 'n1' }))!;
    await apply(vmYaml('a', ', runStrategy: Halted'));
    await expect.poll(async () => (await store.get('RealtimeAllocation', { name: 'n1' }))?.spec.guests, { timeout: deadlineMs }).toEqual([]);
    await stop();
    await store.update({ ...(await store.get('RealtimeAllocation', { name: 'n1' }))!, spec: backup });
    await withAgentAlone(async (agent) => {
      await expect.poll(() => agent.statement?.session, { timeout: deadlineMs }).toBeDefined();
      await report(({ uid }) => uid === backup.guests[0]?.vm.uid);
    });
    expect(host.domains).toEqual([]);
    await apply(vmYaml('a'));
    start();
    await ready('a');
    const now = (await store.get('RealtimeAllocation', { name: 'n1' }))?.spec.guests;
    expect(now).toEqual([{
      ...backup.guests[0], generation: 3, request: expect.any(String) as string, grant: expect.any(Object) as object,
    }]);
    expect(now?.[0]?.grant?.name).not.toBe(backup.guests[0]?.grant?.name);
    expect(now?.[0]?.request).not.toBe(backup.guests[0]?.request);
  });

  it.each([
    ['Ephemeral', []], ['NodeLocal', ['log']],
  ])('leaves nothing of a VM with %s disks that was halted and then deleted', async (persistence, afterHalt) => {
    const logs = join(directory, 'agent', 'serial');
    const kept = async () => (await readdir(logs)).map((name) => name.split('.').at(-1));
    const manifest = (strategy: string) =>
      vmYaml('a', `, runStrategy: ${strategy}`)
        .replace('emptySize: 1Mi', `emptySize: 1Mi, persistence: ${persistence}`);
    await apply(nodeYaml, manifest('Always'));
    await ready('a');
    // As QEMU does, through virtlogd.
    writeFileSync(join(logs, `${host.running()[0]!.name}.log`), 'booted');
    await apply(manifest('Halted'));
    await vm('a', ({ status }) => status?.phase === 'Stopped');
    expect(await kept()).toEqual(afterHalt);
    await store.delete('RealtimeVM', { namespace: 'default', name: 'a' });
    await expect
      .poll(async () => store.get('RealtimeVM', { namespace: 'default', name: 'a' }), { timeout: deadlineMs })
      .toBeUndefined();
    expect([await kept(), await readdir(join(directory, 'agent', 'disks'))]).toEqual([[], []]);
  });

  it('ends a guest that the allocation has lost when its VM is deleted', async () => {
    await apply(nodeYaml, vmYaml('a'));
    await ready('a');
    await stop();
    await store.delete('RealtimeVM', { namespace: 'default', name: 'a' });
    await store.update({ ...(await store.get('RealtimeAllocation', { name: 'n1' }))!, spec: { guests: [] } });
    // As the agent of that node would have told before the controller looks.
    await withAgentAlone(() => expect.poll(async () => (await store.get('RealtimeNode', { name: 'n1' }))?.status?.orphans?.length, { timeout: deadlineMs }).toBe(1));
    start();
    await expect.poll(async () => [await store.get('RealtimeVM', { namespace: 'default', name: 'a' }), host.domains.length], { timeout: deadlineMs }).toEqual([undefined, 0]);
  });

  it('refuses a UUID that belongs to another VM, and does not touch that one', async () => {
    await apply(nodeYaml, vmYaml('a'));
    const a = await ready('a');
    const pid = host.running()[0]?.process?.pid;
    await apply(vmYaml('b', `, firmware: {uuid: ${a.metadata.uid}}`));
    const b = await vm('b', ({ status }) => status?.phase === 'Failed');
    expect(condition(b, 'Stalled')).toMatchObject({ status: 'True', reason: 'UuidTaken' });
    await store.delete('RealtimeVM', { namespace: 'default', name: 'b' });
    await expect.poll(async () => await store.get('RealtimeVM', { namespace: 'default', name: 'b' }), { timeout: deadlineMs }).toBeUndefined();
    expect(host.running().map(({ process }) => process?.pid)).toEqual([pid]);
  });

  it('stops correcting when something keeps changing threads back, and never calls that ready', async () => {
    await apply(nodeYaml, vmYaml('a'));
    const { metadata: { uid } } = await ready('a');
    const disturbed = vm('a', (object) => condition(object, 'RealtimeVerified')?.reason === 'DriftPersists');
    const timer = setInterval(() => {
      if (host.find(uid)?.run === 'running') host.disturb(uid, 'CPU 1/KVM', { policy: 'OTHER', priority: 0 });
    }, 10);
    try {
      const object = await disturbed;
      expect(condition(object, 'Ready')).toMatchObject({ status: 'False', reason: 'NotVerified' });
      expect(object.status?.findings?.[0]).toMatchObject({ code: 'ThreadPolicy', severity: 'error' });
      expect(logged('correcting threads')[0]).toEqual({
        node: 'n1', vm: 'default/a', request: expect.any(String) as string, domain: host.find(uid)!.name,
        findings: [expect.stringMatching(/^CPU 1\/KVM \(tid \d+\): vCPU 1 runs OTHER instead of FIFO 5/)],
      });
    } finally {
      clearInterval(timer);
    }
  });
});
