// `rtvm run`, and then the guarantee itself: read from /proc, the guest's console and virsh, without the product.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectDone } from './support/done.ts';
import { memoryOf, qemuOf, threadsOf, vcpuThread } from './support/live-process.ts';
import { startLocalHost } from './support/local-host.ts';
import type { LocalHost } from './support/local-host.ts';
import { manifest, mixed, romImage, vm } from './support/manifests.ts';
import { conditionOf, storedVm } from './support/stored.ts';
import { until } from './support/until.ts';
import { hasKvm } from './support/well-running.ts';

const guestKiB = 32 * 1024;

let host: LocalHost;
beforeAll(async () => void (host = await startLocalHost()));
afterAll(() => host[Symbol.asyncDispose]());

/** What `rtvm verify -o json` prints of a VM, as far as it is looked at here. */
interface Verified {
  readonly namespace: string;
  readonly name: string;
  readonly verified: boolean;
  readonly pid: number;
  readonly threads: readonly { readonly tid: number; readonly thread: string; readonly role: string; readonly policy: string; readonly priority: number; readonly cpus: string; readonly ok: boolean }[];
  readonly memory: readonly { readonly name: string; readonly observedKiB: number; readonly ok: boolean }[];
  readonly findings: readonly unknown[];
}

describe.runIf(hasKvm)('a Mixed realtime VM of priority 7 (skipped where there is no KVM)', () => {
  beforeAll(async () => {
    const cpu = { ...mixed.cpu, realtime: { mask: '^0', priority: 7 } };
    const file = host.write('vm.yaml', manifest(romImage('probe'), vm('proven', { ...mixed, cpu, image: { name: 'probe' } })));
    expect(await host.run([file])).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('proven: running and verified') as unknown });
  });

  it('has its realtime vCPU FIFO 7 on CPU 1, and everything else of QEMU OTHER on CPU 0', () => {
    const threads = threadsOf(qemuOf(host.libvirtd, 'proven')).filter(({ name }) => !isKvmHelper(name));
    expect(threads.map(({ name, scheduling, cpus }) => [name, scheduling, cpus]).sort()).toEqual(
      threads.map(({ name }) => (/^CPU 1\//.test(name) ? [name, 'FIFO 7', '1'] : [name, 'OTHER', '0'])).sort(),
    );
    expect(threads.filter(({ name }) => name.startsWith('CPU '))).toHaveLength(2);
  });

  it('is so by the kernel\'s own system calls, too', () => {
    const { tid } = vcpuThread(qemuOf(host.libvirtd, 'proven'), 1);
    expect(execFileSync('chrt', ['--pid', String(tid)], { encoding: 'utf8' })).toMatch(/policy: SCHED_FIFO\n.*priority: 7\n/);
    expect(execFileSync('taskset', ['--cpu-list', '--pid', String(tid)], { encoding: 'utf8' })).toMatch(/list: 1\n/);
  });

  it('has all of its memory in huge pages, the rest of QEMU locked, nothing swapped', () => {
    const { hugeKiB, lockedKiB, residentKiB, swappedKiB } = memoryOf(qemuOf(host.libvirtd, 'proven'));
    expect(hugeKiB).toBeGreaterThanOrEqual(guestKiB);
    expect(lockedKiB).toBeGreaterThanOrEqual(residentKiB);
    expect(residentKiB).toBeGreaterThan(0);
    expect(swappedKiB).toBe(0);
  });

  it('measures on vCPU 1, and says so on its console', async () => {
    const log = () => readFileSync(consoleOf(host), 'latin1');
    await until('the guest has printed two windows', () => /^window=\d+ vcpu=1 max_us=[\d.]+ samples=[1-9]\d*\r\nwindow=\d+ vcpu=1 /m.test(log()));
    expect(log()).toMatch(/^rtvm-probe 1 vcpus=2 .*measuring=1\r$/m);
    expect(log()).not.toMatch(/vcpu=0 /);
  });

  it('is verified by rtvm, thread by thread as /proc has it', async () => {
    const pid = qemuOf(host.libvirtd, 'proven');
    const { exitCode, stdout } = await host.rtvm(['verify', 'proven', '-o', 'json']);
    const { items } = JSON.parse(stdout) as { readonly items: readonly Verified[] };
    expect({ exitCode, items }).toMatchObject({ exitCode: 0, items: [{ namespace: 'default', name: 'proven', verified: true, pid, findings: [] }] });
    const { threads, memory } = items[0]!;
    expect(threads.filter(({ ok }) => !ok)).toEqual([]);
    const own = new Map(threads.map(({ tid, thread, policy, priority, cpus }) => [tid, [thread, priority === 0 ? policy : `${policy} ${priority}`, cpus]]));
    for (const { tid, name, scheduling, cpus } of threadsOf(pid)) expect(own.get(tid)).toEqual([name, scheduling, cpus]);
    expect(threads.filter(({ role }) => role.startsWith('vCPU')).map(({ role, policy, priority, cpus }) => [role, policy, priority, cpus])).toEqual([['vCPU 0', 'OTHER', 0, '0'], ['vCPU 1', 'FIFO', 7, '1']]);
    expect(memory.map(({ name, ok }) => [name, ok])).toEqual([['huge pages', true], ['locked', true], ['swapped', true]]);
    expect(memory[0]!.observedKiB).toBe(memoryOf(pid).hugeKiB);
  });

  it('is told as a table, too', async () => {
    const { exitCode, stdout } = await host.rtvm(['verify']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^default\/proven on demo: verified: domain rtvm-default-proven-[0-9a-f]{8}, process \d+, \d+ threads and memory read$/m);
    expect(stdout).toMatch(/CPU 1\/\w+ +vCPU 1 +FIFO +7 +1 +FIFO 7 on 1 +ok$/m);
  });

  it('says so in its status', () => {
    const stored = storedVm(host.stateDir, 'proven');
    expect(stored?.status?.phase).toBe('Running');
    expect(conditionOf(stored, 'RealtimeVerified')).toBe('True Verified');
    expect(conditionOf(stored, 'Ready')).toBe('True RunningVerified');
  });

  it('leaves nothing behind when it is deleted', async () => {
    expectDone(await host.rtvm(['delete', 'proven']));
    await host.nothingIsLeft();
  });
});

/** Threads that KVM makes for itself: copies of a vCPU's thread, which sleep. */
function isKvmHelper(name: string): boolean {
  return name.startsWith('kvm-');
}

function consoleOf({ stateDir }: LocalHost): string {
  const [log, ...others] = readdirSync(join(stateDir, 'serial'));
  expect(others).toEqual([]);
  return join(stateDir, 'serial', log!);
}
