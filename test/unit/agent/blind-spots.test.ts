// What the agent makes of things that threads' policies and CPUs do not show, on a host that runs nothing (test/hollow).
import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { outcomeOf } from '../../../src/cli/run/outcome.ts';
import { Controller } from '../../../src/controller/controller.ts';
import { Agent } from '../../../src/node-agent/agent.ts';
import { filesOnDisk } from '../../../src/node-agent/files-on-disk.ts';
import { recordedLog, silentLog } from '../../../src/runtime/testing/recorded-log.ts';
import type { RecordedLog } from '../../../src/runtime/testing/recorded-log.ts';
import { machineRuntime } from '../../../src/runtime/runtime.ts';
import { CpuSet } from '../../../src/realtime/cpu-set.ts';
import type { ObservedThread } from '../../../src/realtime/observed.ts';
import { DirectoryStore } from '../../../src/store/directory/directory-store.ts';
import type { Stored } from '../../../src/store/resource.ts';
import { recordedHost, unpackHost } from '../../fixtures/hosts/host-fixture.ts';
import type { UnpackedHost } from '../../fixtures/hosts/host-fixture.ts';
import { MemoryHost } from '../../hollow/memory-hypervisor.ts';
import type { MemoryHostOptions } from '../../hollow/memory-hypervisor.ts';

const deadlineMs = 30_000;
let directory: string;
let store: DirectoryStore;
let machine: UnpackedHost;
let host: MemoryHost;
let stop: () => Promise<unknown>;
let log: RecordedLog;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rtvm-blind-'));
  store = await DirectoryStore.open({ directory });
  machine = unpackHost(recordedHost('realtime-two-sockets'));
  log = recordedLog();
});

afterEach(async () => {
  await stop();
  await store.close();
  machine[Symbol.dispose]();
  await rm(directory, { recursive: true, force: true });
});

/** Agent and controller beside a host of this kind. */
function start(options: MemoryHostOptions = {}): void {
  host = new MemoryHost(options);
  run();
}

function run(): void {
  const agent = new Agent({
    store, nodeName: 'n1', version: 'test', nodeLabels: {}, hypervisor: host.hypervisor(), root: machine.root, runtime: machineRuntime,
    files: filesOnDisk({
      root: machine.root, stateDirectory: join(directory, 'agent'), imageRoot: join(directory, 'images'), allowedUrls: [], runtime: machineRuntime,
    }),
    // The recorded host has no device files, so KVM is not asked for; its domains are as under KVM all the same.
    virtType: 'qemu', auditIntervalMs: 50, log,
  });
  const controller = new Controller({ store, runtime: machineRuntime, log: silentLog });
  const ended = Promise.all([agent.run(), controller.run()]);
  stop = () => {
    agent.stop();
    controller.stop();
    return ended;
  };
}

const nodeYaml = '{apiVersion: rtvm.dev/v1alpha1, kind: RealtimeNode, metadata: {name: n1}, spec: {dedicatedCpus: "2-3,6-7", sharedCpus: "0-1,4-5"}}';
const vmYaml = `
apiVersion: rtvm.dev/v1alpha1
kind: RealtimeVM
metadata: {name: a}
spec: {cpu: {vcpus: 2, policy: Mixed, coreSharing: Allow, realtime: {priority: 5}}, memory: {size: 32Mi, pageSize: 2Mi}, disks: [{name: data, emptySize: 1Mi}], terminationGracePeriodSeconds: 1}`;

async function apply(): Promise<void> {
  await store.applyManifests([{ file: 'test.yaml', text: `${nodeYaml}\n---\n${vmYaml}` }]);
}

async function vm(wanted: (object: Stored<'RealtimeVM'>) => boolean): Promise<Stored<'RealtimeVM'>> {
  let last: unknown;
  for await (const event of store.watch('RealtimeVM', { namespace: 'default', name: 'a' }, AbortSignal.timeout(deadlineMs))) {
    if (event.type !== 'added' && event.type !== 'modified') continue;
    last = event.object.status;
    if (wanted(event.object)) return event.object;
  }
  throw new Error(`it did not become what was wanted; last: ${JSON.stringify(last)}`);
}

const condition = (object: Stored<'RealtimeVM'>, type: string) => object.status?.conditions?.find((candidate) => candidate.type === type);
const ready = () => vm((object) => condition(object, 'Ready')?.status === 'True');
const events = async (uid: string) => store.events({ kind: 'RealtimeVM', namespace: 'default', name: 'a', uid });
const thread = (comm: string) => [...host.running()[0]!.process!.threads, ...host.running()[0]!.process!.kernelThreads].find((one) => one.comm === comm);
const realtimeCpu = ({ status }: Stored<'RealtimeVM'>) => status!.placement!.vcpuPins.find(({ vcpu }) => vcpu === 1)!.cpu!;

/** As Linux 6.14 and later make them: the recovery thread like the realtime vCPU that ran first, the timer's anywhere. */
function withKernelThreads(process: Parameters<NonNullable<MemoryHostOptions['makes']>>[0]): typeof process {
  const like = (comm: string, name: string, tid: number): ObservedThread => ({ ...process.threads.find((one) => one.comm === comm)!, comm: name, tid });
  return {
    ...process,
    threads: [...process.threads, like('CPU 1/KVM', 'kvm-nx-lpage-re', process.pid + 50)],
    kernelThreads: [{ ...like('CPU 0/KVM', `kvm-pit/${process.pid}`, process.pid + 60), allowedCpus: CpuSet.parse('0-7') }],
  };
}

it.each<[string, Parameters<MemoryHost['disturbProcess']>[1], string]>([
  ['QEMU that is stopped', ({ threads }) => ({ threads: threads.map((one) => ({ ...one, state: 'T' })) }), 'ProcessStopped'],
  ['a frozen control group', () => ({ groups: { threads: [{ name: 'scope/vcpu1', tids: [], frozen: true }] } }), 'ProcessFrozen'],
  ['a pCPU that goes offline', () => ({ onlineCpus: CpuSet.parse('0-1') }), 'CpuOffline'],
])('says of %s that the VM is not ready, and that it is again', async (_, change, code) => {
  start();
  await apply();
  const { metadata: { uid } } = await ready();
  host.disturbProcess(uid, change);
  const { status } = await vm((object) => condition(object, 'Ready')?.status === 'False' && object.status?.findings?.[0]?.code === code);
  expect(condition({ status } as Stored<'RealtimeVM'>, 'RealtimeVerified')).toMatchObject({ status: 'False', reason: 'Violated' });
  host.disturbProcess(uid, ({ threads }) => ({ threads: threads.map((one) => ({ ...one, state: 'S' })), groups: undefined, onlineCpus: undefined }));
  await ready();
});

it('puts the kernel\'s threads of a guest in their place before it says anything, and tells nobody', async () => {
  start({ makes: withKernelThreads });
  await apply();
  const object = await ready();
  const { pid } = host.running()[0]!.process!;
  expect([thread(`kvm-pit/${pid}`), thread('kvm-nx-lpage-re')].map((one) => [one?.policy, one?.allowedCpus.has(realtimeCpu(object))])).toEqual([['OTHER', false], ['OTHER', false]]);
  expect((await events(object.metadata.uid)).map(({ reason }) => reason)).not.toContain('RealtimeCorrected');
  expect(log.entries.filter(({ level }) => level !== 'info')).toEqual([]);
  // Somebody who moves one later has changed what was set.
  host.disturb(object.metadata.uid, `kvm-pit/${pid}`, { policy: 'FIFO', priority: 2 });
  await expect.poll(async () => (await events(object.metadata.uid)).map(({ reason }) => reason), { timeout: deadlineMs }).toContain('RealtimeCorrected');
  await expect.poll(() => thread(`kvm-pit/${pid}`)?.policy, { timeout: deadlineMs }).toBe('OTHER');
});

it('warns of a recovery thread that cannot leave the cpuset of a realtime vCPU, and does not fight over it', async () => {
  start({ makes: withKernelThreads, isStuck: (comm) => comm === 'kvm-nx-lpage-re' });
  await apply();
  const object = await vm((one) => condition(one, 'Ready')?.status === 'True' && one.status?.findings?.length === 1);
  expect(object.status?.findings).toMatchObject([{ code: 'ThreadAffinity', severity: 'warning', subject: expect.stringContaining('kvm-nx-lpage-re') as string }]);
  expect(thread('kvm-nx-lpage-re')).toMatchObject({ policy: 'OTHER', allowedCpus: CpuSet.of(realtimeCpu(object)) });
});

it('runs an emulated VM, and never calls it verified or ready', async () => {
  start({ makes: (process) => ({ ...process, threads: process.threads.map((one) => ({ ...one, comm: one.comm.replace('/KVM', '/TCG') })) }) });
  await apply();
  const object = await vm((one) => condition(one, 'Running')?.status === 'True' && condition(one, 'RealtimeVerified') !== undefined);
  expect(['Running', 'RealtimeVerified', 'Ready', 'Reconciling', 'Stalled'].map((type) => [type, condition(object, type)?.status, condition(object, type)?.reason])).toEqual([
    ['Running', 'True', 'Emulated'], ['RealtimeVerified', 'Unknown', 'Emulated'], ['Ready', 'False', 'Emulated'], ['Reconciling', 'False', 'Settled'], ['Stalled', 'True', 'Emulated'],
  ]);
  // `rtvm run` leaves it running.
  expect(outcomeOf(object, 0)).toMatchObject({ kind: 'emulated' });
});

it('tells the VM and the node of a thread that somebody has pinned to its pCPU, when it starts', async () => {
  start();
  await apply();
  const object = await ready();
  await stop();
  const cpu = realtimeCpu(object);
  const task = join(machine.root.proc, '812/task/812');
  mkdirSync(task, { recursive: true });
  const line = '812 (stress) S 1 0 0 0 -1 4194304 0 0 0 0 0 70 0 0 20 0 1 0 20999 0 0 18446744073709551615 0 0 0 0 0 0 0 2147483647 0 1 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n';
  for (const path of [join(machine.root.proc, '812'), task]) writeFileSync(join(path, 'stat'), line);
  writeFileSync(join(task, 'status'), `Name:\tstress\nCpus_allowed_list:\t${cpu}\nvoluntary_ctxt_switches:\t1\nnonvoluntary_ctxt_switches:\t1\n`);
  run();
  const what = `thread stress (tid 812), pinned to pCPUs ${cpu}`;
  await expect.poll(async () => (await events(object.metadata.uid)).find(({ reason }) => reason === 'ForeignThreads')?.message, { timeout: deadlineMs }).toContain(what);
  await expect.poll(async () => (await store.get('RealtimeNode', { name: 'n1' }))?.status?.checks?.find(({ name }) => name === 'foreign-threads'), { timeout: deadlineMs })
    .toMatchObject({ result: 'Warn', observed: what });
  expect(log.entries.filter(({ fields: { detail } }) => detail?.includes(what))).toHaveLength(1);
});
