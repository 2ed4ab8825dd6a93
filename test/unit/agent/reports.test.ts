// What the agent tells and when, with a store that can be away: a real one behind a switch.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Registry } from 'prom-client';
import { agentMetrics } from '../../../src/cli/metrics/agent-metrics.ts';
import { Controller } from '../../../src/controller/controller.ts';
import { Agent } from '../../../src/node-agent/agent.ts';
import { filesOnDisk } from '../../../src/node-agent/files-on-disk.ts';
import { machineRuntime } from '../../../src/runtime/runtime.ts';
import { recordedLog, silentLog } from '../../../src/runtime/testing/recorded-log.ts';
import type { RecordedLog } from '../../../src/runtime/testing/recorded-log.ts';
import { DirectoryStore } from '../../../src/store/directory/directory-store.ts';
import { StoreError } from '../../../src/store/errors.ts';
import { modify } from '../../../src/store/modify.ts';
import type { ResourceStore } from '../../../src/store/resource-store.ts';
import type { Stored } from '../../../src/store/resource.ts';
import { recordedHost, unpackHost } from '../../fixtures/hosts/host-fixture.ts';
import type { UnpackedHost } from '../../fixtures/hosts/host-fixture.ts';
import { MemoryHost } from '../../hollow/memory-hypervisor.ts';

const timeout = 30_000;
const nodeYaml = '{apiVersion: rtvm.dev/v1alpha1, kind: RealtimeNode, metadata: {name: n1}, spec: {dedicatedCpus: "2-3,6-7", sharedCpus: "0-1,4-5"}}';
const vmYaml = `
apiVersion: rtvm.dev/v1alpha1
kind: RealtimeVM
metadata: {name: a}
spec: {cpu: {vcpus: 2, policy: Mixed, coreSharing: Allow, realtime: {priority: 5}}, memory: {size: 32Mi, pageSize: 2Mi}, disks: [{name: data, emptySize: 1Mi}]}`;

let directory: string;
let store: DirectoryStore;
let machine: UnpackedHost;
let host: MemoryHost;
let agent: Agent;
let log: RecordedLog;
let controller: Controller;
let ended: Promise<unknown>;
let registry: Registry;
let isAway: boolean;
let monotonicMs: number;
/** Of the guests, in each status of the allocation that the agent wrote. */
let toldPhases: string[][];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rtvm-reports-'));
  store = await DirectoryStore.open({ directory });
  await store.applyManifests([{ file: 'test.yaml', text: nodeYaml }]);
  machine = unpackHost(recordedHost('realtime-two-sockets'));
  host = new MemoryHost();
  registry = new Registry();
  isAway = false;
  log = recordedLog();
  monotonicMs = 0;
  toldPhases = [];
  agent = new Agent({
    store: thatMayBeAway(store), nodeName: 'n1', version: 'test', nodeLabels: {}, hypervisor: host.hypervisor(), root: machine.root,
    files: filesOnDisk({
      root: machine.root, stateDirectory: join(directory, 'agent'), imageRoot: join(directory, 'images'), allowedUrls: [],
      runtime: machineRuntime,
    }),
    runtime: { ...machineRuntime, clock: { ...machineRuntime.clock, nowMs: () => monotonicMs } },
    virtType: 'qemu', auditIntervalMs: 50, log,
    observer: agentMetrics(registry, 'n1', { auditsOnTime: () => agent.auditsOnTime, libvirtReached: () => true, observe: (pid) => host.domains.find(({ process }) => process?.pid === pid)?.process }),
  });
  controller = new Controller({ store, runtime: machineRuntime, log: silentLog });
  ended = Promise.all([agent.run(), controller.run()]);
});

afterEach(async () => {
  agent.stop();
  controller.stop();
  await ended;
  await store.close();
  machine[Symbol.dispose]();
  await rm(directory, { recursive: true, force: true });
});

/** Watches go on, as those of a cluster's store do while its server is away; nothing is read or written. */
function thatMayBeAway(real: ResourceStore): ResourceStore {
  const unlessAway = <Result>(call: () => Promise<Result>): Promise<Result> => (isAway ? Promise.reject(new StoreError('UNAVAILABLE', 'the store is away')) : call());
  return {
    list: (...args) => unlessAway(() => real.list(...args)),
    get: (...args) => unlessAway(() => real.get(...args)),
    watch: (...args) => real.watch(...args),
    create: (...args) => unlessAway(() => real.create(...args)),
    update: (...args) => unlessAway(() => real.update(...args)),
    updateStatus: (object, signal) => unlessAway(() => {
      if (object.kind === 'RealtimeAllocation') toldPhases.push((object as Stored<'RealtimeAllocation'>).status?.guests.map(({ phase }) => phase) ?? []);
      return real.updateStatus(object, signal);
    }),
    delete: (...args) => unlessAway(() => real.delete(...args)),
    recordEvent: (...args) => unlessAway(() => real.recordEvent(...args)),
    events: (...args) => real.events(...args),
    diagnostics: (...args) => real.diagnostics(...args),
    close: () => real.close(),
  };
}

async function runVm(): Promise<string> {
  await store.applyManifests([{ file: 'test.yaml', text: `${nodeYaml}\n---${vmYaml}` }]);
  await expect.poll(reported, { timeout }).toMatchObject([{ phase: 'Running' }]);
  return host.running()[0]!.uuid;
}

const reported = async () => (await store.get('RealtimeAllocation', { name: 'n1' }))?.status?.guests;
const thread = () => host.running()[0]?.process?.threads.find(({ comm }) => comm === 'CPU 1/KVM');

describe('an agent whose store is away', () => {
  it('goes on auditing, and tells afterwards what has happened', async () => {
    const uuid = await runVm();
    isAway = true;
    host.end(uuid, 'crashed');
    await expect.poll(() => { monotonicMs += 100; return host.running().length; }, { timeout }).toBe(1);
    host.disturb(uuid, 'CPU 1/KVM', { policy: 'OTHER', priority: 0 });
    await expect.poll(() => thread()?.policy, { timeout }).toBe('FIFO');
    await expect.poll(() => log.entries, { timeout }).toContainEqual({
      level: 'warn', message: 'report not written; retrying',
      fields: { node: 'n1', report: 'guests', retryInMs: 100, error: new StoreError('UNAVAILABLE', 'the store is away') },
    });
    expect(await reported()).toMatchObject([{ phase: 'Running', domain: { restarts: 0 } }]);
    isAway = false;
    await expect.poll(reported, { timeout }).toMatchObject([{ phase: 'Running', domain: { restarts: 1 }, audit: { verdict: 'Verified' } }]);
  });
});

describe('an agent', () => {
  it('says again what was wiped by hand', async () => {
    await runVm();
    const before = await reported();
    await modify(store, 'RealtimeAllocation', { name: 'n1' }, (allocation) => ({ ...allocation, status: { guests: [] } }), { write: 'updateStatus' });
    await expect.poll(reported, { timeout }).toEqual(before);
    await modify(store, 'RealtimeNode', { name: 'n1' }, (node) => ({ ...node, status: {} }), { write: 'updateStatus' });
    await expect.poll(async () => Object.keys((await store.get('RealtimeNode', { name: 'n1' }))?.status ?? {}), { timeout }).toEqual(expect.arrayContaining(['topology', 'versions', 'orphans']));
  });

  it('tells a quick start once, when it is over', async () => {
    await runVm();
    // A session begins with a statement, before there is any guest.
    expect(toldPhases.filter((phases) => phases.length > 0)).toEqual([['Running']]);
  });

  it('knows when its audits are late, by a clock that only grows', async () => {
    expect(agent.auditsOnTime).toBe(true);
    await runVm();
    expect(agent.auditsOnTime).toBe(true);
    // The next audit makes it right again; until then it is late.
    monotonicMs += 101;
    expect(agent.auditsOnTime).toBe(false);
    await expect.poll(() => agent.auditsOnTime, { timeout }).toBe(true);
  });

  it('has its figures counted, and those of a VM go with it', async () => {
    await runVm();
    const figures = async () => (await registry.metrics()).split('\n').filter((line) => /^rtvm_(vcpu|alloc|audits_on)/.test(line)).sort();
    expect(await figures()).toEqual([
      'rtvm_allocatable_cpus{node="n1"} 4',
      ...(await figures()).filter((line) => line.startsWith('rtvm_allocatable_hugepages')),
      'rtvm_allocated_cpus{node="n1"} 1',
      ...(await figures()).filter((line) => line.startsWith('rtvm_allocated_hugepages')),
      'rtvm_audits_on_time 1',
      ...[0, 1].map((vcpu) => `rtvm_vcpu_involuntary_switches_total{namespace="default",name="a",vcpu="${vcpu}"} 0`),
      'rtvm_vcpu_realtime{namespace="default",name="a",vcpu="1"} 1',
      ...[0, 1].map((vcpu) => `rtvm_vcpu_run_delay_seconds_total{namespace="default",name="a",vcpu="${vcpu}"} 0`),
    ]);
    const pages = (await figures()).filter((line) => line.startsWith('rtvm_allocated_hugepages{') && line.includes('size="2Mi"')).map((line) => Number(line.split(' ').at(-1)));
    expect(pages.reduce((sum, count) => sum + count, 0)).toBe(16);
    await store.delete('RealtimeVM', { namespace: 'default', name: 'a' });
    await expect.poll(async () => (await figures()).filter((line) => line.includes('name="a"')), { timeout }).toEqual([]);
    await expect.poll(figures, { timeout }).toContain('rtvm_allocated_cpus{node="n1"} 0');
  });
});
