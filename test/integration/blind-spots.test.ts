// What threads' policies and CPUs do not show, on a real domain: who stops, freezes or throttles it, and who else is on its pCPU. One story, in order.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cpusIn, qemuOf, threadsOf, vcpuThread } from './support/live-process.ts';
import { startLocalHost } from './support/local-host.ts';
import type { LocalHost, RunningRtvm } from './support/local-host.ts';
import { deaf, manifest, mixed, romImage, vm } from './support/manifests.ts';
import { deafRom } from './support/roms.ts';
import { conditionOf, storedVm } from './support/stored.ts';
import { until } from './support/until.ts';
import { hasKvm, wellSaid } from './support/well-running.ts';

const root = '/sys/fs/cgroup';
/** Version 1 has a directory for each controller, and may have version 2 beside them. */
const version1 = existsSync(join(root, 'cpu')) || existsSync(join(root, 'freezer'));
const unified = version1 ? join(root, 'unified') : root;

let host: LocalHost;
let rtvm: RunningRtvm;
let qemu: number;
let foreigner: ChildProcess;
beforeAll(async () => {
  host = await startLocalHost({ roms: { deaf: deafRom } });
  const file = host.write('vm.yaml', manifest(romImage('deaf'), vm('seen', { ...mixed, ...deaf })));
  foreigner = spawn('taskset', ['--cpu-list', '1', 'sleep', '600'], { stdio: 'ignore' });
  rtvm = host.start(['run', '-f', host.nodeFile, '-f', file, '--audit-interval', '1']);
  await rtvm.said(wellSaid('seen'));
  qemu = qemuOf(host.libvirtd, 'seen');
});
afterAll(async () => {
  foreigner.kill('SIGKILL');
  rtvm.process.kill('SIGINT');
  await rtvm.ended;
  await host[Symbol.asyncDispose]();
});

const conditions = () => ['RealtimeVerified', 'Ready'].map((type) => conditionOf(storedVm(host.stateDir, 'seen'), type));
const finding = () => storedVm(host.stateDir, 'seen')?.status?.findings?.find(({ severity }) => severity === 'error')?.code;
// Emulated it is never verified; what is found is found all the same.
const emulated = 'Unknown Emulated,False Emulated';
const verified = () => until('the VM is verified', () => (hasKvm
  ? conditions().join() === 'True Verified,True RunningVerified'
  : finding() === undefined && conditions().join() === emulated));
const violated = hasKvm ? 'False Violated,False NotVerified' : emulated;
const found = (code: string) => until(
  `${code} is found`, () => finding() === code && conditions().join() === violated,
);

/** `/proc/PID/cgroup` of version 2, or of one controller of version 1. */
function pathOf(controller: '' | 'cpuset', tid: number): string {
  return new RegExp(`^\\d+:${controller}:(.*)$`, 'm').exec(readFileSync(`/proc/${tid}/cgroup`, 'utf8'))?.[1] ?? '/';
}

/** In a new group of a controller of version 1, until the test is over. */
async function inGroup(controller: string, tids: readonly number[], files: Readonly<Record<string, string>>, test: () => Promise<unknown>): Promise<void> {
  const directory = join(root, controller, `rtvm-test-${process.pid}`);
  mkdirSync(directory);
  try {
    for (const [file, value] of Object.entries(files)) writeFileSync(join(directory, file), value);
    for (const tid of tids) writeFileSync(join(directory, 'tasks'), String(tid));
    await test();
  } finally {
    for (const tid of tids) writeFileSync(join(root, controller, 'tasks'), String(tid));
    rmdirSync(directory);
  }
}

/** That of a process which ends meanwhile is empty. */
function nameOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return '';
  }
}

const kernelMade = () => [
  ...threadsOf(qemu).filter(({ name }) => name === 'kvm-nx-lpage-re'),
  ...readdirSync('/proc').filter((pid) => nameOf(pid) === `kvm-pit/${qemu}`).flatMap((pid) => threadsOf(Number(pid))),
];

describe('a domain that runs', () => {
  it.runIf(hasKvm)('has KVM\'s threads off the realtime pCPU, though nobody told it (skipped where no KVM)', () => {
    expect(kernelMade().map(({ name }) => name.replace(/\d+/, 'N'))).toEqual(expect.arrayContaining(['kvm-pit/N']));
    expect(kernelMade().filter(({ scheduling, cpus }) => scheduling !== 'OTHER' || cpusIn(cpus).includes(1))).toEqual([]);
    expect(rtvm.stderr()).not.toContain('correcting threads');
  });

  it('says of a thread that is pinned to its pCPU, whose it is', async () => {
    await rtvm.said(new RegExp(`threads of others are pinned to pCPUs that the VM has to itself.*thread sleep \\(tid ${foreigner.pid}\\), pinned to pCPUs 1`));
    foreigner.kill('SIGKILL');
    await once(foreigner, 'exit');
  });

  it('is not verified while it is stopped', async () => {
    process.kill(qemu, 'SIGSTOP');
    try {
      await found('ProcessStopped');
    } finally {
      process.kill(qemu, 'SIGCONT');
    }
    await verified();
  });

  it('is not verified while its control group is frozen', async () => {
    const group = join(unified, pathOf('', qemu), 'cgroup.freeze');
    writeFileSync(group, '1');
    try {
      await found('ProcessFrozen');
    } finally {
      writeFileSync(group, '0');
    }
    await verified();
  });

  it.runIf(version1)('is not verified while the freezer of version 1 has it (skipped where it is 2)', async () => {
    await inGroup('freezer', threadsOf(qemu).map(({ tid }) => tid), {}, async () => {
      const state = join(root, 'freezer', `rtvm-test-${process.pid}`, 'freezer.state');
      writeFileSync(state, 'FROZEN');
      try {
        await found('ProcessFrozen');
      } finally {
        writeFileSync(state, 'THAWED');
      }
    });
    await verified();
  });

  it.runIf(version1)('is not verified while a quota holds its vCPU back (skipped where cgroups are v2)', async () => {
    await inGroup('cpu', [vcpuThread(qemu, 0).tid], { 'cpu.cfs_quota_us': '50000' }, () => found('CpuThrottled'));
    await verified();
  });

  it.runIf(version1 && hasKvm)('gets its page recovery out of its cpuset (skipped where no KVM or no v1)', async () => {
    const [thread] = threadsOf(qemu).filter(({ name }) => name === 'kvm-nx-lpage-re');
    if (thread === undefined) {
      expect(readFileSync('/sys/module/kvm/parameters/nx_huge_pages', 'utf8').trim()).toBe('never');
      return;
    }
    // Where the realtime vCPU was the first to run, the kernel has made it there: then it was put in its place, once, at
    // the start, and is with QEMU's main thread now. Else it is made to begin there.
    const wasPlaced = pathOf('cpuset', thread.tid) === pathOf('cpuset', qemu);
    if (!wasPlaced) writeFileSync(join(root, 'cpuset', pathOf('cpuset', vcpuThread(qemu, 1).tid), 'tasks'), String(thread.tid));
    const now = () => threadsOf(qemu).find(({ tid }) => tid === thread.tid)!;
    await until('it is in its place', () => now().scheduling === 'OTHER' && now().cpus === '0');
    await verified();
  });
});

describe('emulation that was asked for', () => {
  it('runs, says loudly what it is, and is not taken back', async () => {
    rtvm.process.kill('SIGINT');
    await rtvm.ended;
    await host.rtvm(['delete', 'seen']);
    const file = host.write('emulated.yaml', manifest(romImage('deaf'), vm('emulated', { ...mixed, ...deaf })));
    const ran = await host.run([file], { env: { RTVM_VIRT_TYPE: 'qemu' } });
    expect(ran).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('emulated: running EMULATED, not verified: nothing of it is realtime') as string });
    expect(['RealtimeVerified', 'Ready'].map((type) => conditionOf(storedVm(host.stateDir, 'emulated'), type))).toEqual(['Unknown Emulated', 'False Emulated']);
    expect(vcpuThread(qemuOf(host.libvirtd, 'emulated'), 1)).toMatchObject({ name: 'CPU 1/TCG', scheduling: 'FIFO 1', cpus: '1' });
    const table = await host.rtvm(['verify', 'emulated']);
    expect(table).toMatchObject({ exitCode: 1, stdout: expect.stringContaining('EMULATED, NOT VERIFIED') as string });
    expect((await host.rtvm(['delete', 'emulated'])).exitCode).toBe(0);
  });
});
