// Guests of other shapes, each run for real and read from /proc: an isolated emulator, no realtime at all, disks and I/O threads.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { expectDone } from './support/done.ts';
import { memoryOf, qemuOf, threadsOf } from './support/live-process.ts';
import { startLocalHost } from './support/local-host.ts';
import type { LocalHost } from './support/local-host.ts';
import { deaf, manifest, mixed, romImage, shared, vm } from './support/manifests.ts';
import { deafRom } from './support/roms.ts';
import { conditionOf, storedGuests, storedVm } from './support/stored.ts';
import { hasKvm, isWell, wellSaid } from './support/well-running.ts';

let host: LocalHost;
beforeAll(async () => void (host = await startLocalHost({ roms: { deaf: deafRom } })));
afterAll(() => host[Symbol.asyncDispose]());
afterEach(() => void host.freshState());

/** Runs a VM named `shape`; it must come up. */
async function run(spec: object): Promise<void> {
  const file = host.write('shape.yaml', manifest(romImage('deaf'), vm('shape', spec)));
  expect(await host.run([file])).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(wellSaid('shape')) as unknown });
}

/** Each thread of QEMU itself once: `vCPU 1 FIFO 1 on 1`, with all that are neither vCPU nor I/O thread as `QEMU`. */
function roles(): readonly string[] {
  return [...new Set(threadsOf(qemuOf(host.libvirtd, 'shape')).filter(({ name }) => !name.startsWith('kvm-')).map(({ name, scheduling, cpus }) => {
    const role = /^CPU \d+|^IO iothread\d+/.exec(name)?.[0].replace('CPU', 'vCPU').replace('IO io', 'I/O ') ?? 'QEMU';
    return `${role} ${scheduling} on ${cpus}`;
  }))].sort();
}

interface VerifiedVm {
  readonly verified: boolean;
  readonly findings: readonly { readonly severity: string }[];
}

/** Where there is no KVM a realtime VM is never verified; all else about its threads and memory is as it should be. */
async function verifyAndDelete({ isRealtime }: { readonly isRealtime: boolean }): Promise<void> {
  const { exitCode, stdout, stderr } = await host.rtvm(['verify', 'shape', '-o', 'json']);
  const verified = hasKvm || !isRealtime;
  const { items: [vm] } = JSON.parse(stdout) as { readonly items: readonly VerifiedVm[] };
  const errors = vm?.findings.filter(({ severity }) => severity === 'error');
  const is = { exitCode, verified: vm?.verified, errors };
  expect(is, stderr).toEqual({ exitCode: verified ? 0 : 1, verified, errors: [] });
  expectDone(await host.rtvm(['delete', 'shape']));
  await host.nothingIsLeft();
}

describe('a Dedicated realtime guest of one vCPU, its emulator Isolate', () => {
  const spec = { cpu: { vcpus: 1, policy: 'Dedicated', emulatorThreads: 'Isolate', realtime: { priority: 3 } }, memory: { size: '32Mi', pageSize: '2Mi' }, ...deaf };

  it('is refused where there is one dedicated CPU, and leaves nothing behind', async () => {
    const file = host.write('shape.yaml', manifest(romImage('deaf'), vm('shape', spec)));
    expect(await host.run([file])).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/shape cannot run: 1 host: 1 free dedicated CPU .*2 needed/) as unknown });
    await host.nothingIsLeft();
  });

  it.runIf(hasKvm)('has one CPU for the vCPU and the other for QEMU where both are dedicated (skipped where there is no KVM)', async () => {
    await host.describeNode({ dedicated: '0-1', shared: '' });
    await run(spec);
    expect(roles()).toEqual(['QEMU OTHER on 1', 'vCPU 0 FIFO 3 on 0']);
    expect(storedGuests(host.stateDir, 'demo').map(({ placement }) => placement.reservedCpus)).toEqual(['1']);
    await verifyAndDelete({ isRealtime: true });
    await host.describeNode();
  });
});

it('a Shared guest floats over the shared CPU, with nothing realtime, huge or locked about it', async () => {
  await run({ ...shared, ...deaf, cpu: { vcpus: 2 } });
  expect(roles()).toEqual(['QEMU OTHER on 0', 'vCPU 0 OTHER on 0', 'vCPU 1 OTHER on 0']);
  const { hugeKiB, lockedKiB } = memoryOf(qemuOf(host.libvirtd, 'shape'));
  expect({ hugeKiB, lockedKiB }).toEqual({ hugeKiB: 0, lockedKiB: 0 });
  expect(conditionOf(storedVm(host.stateDir, 'shape'), 'RealtimeVerified')).toBeUndefined();
  expect(isWell(storedVm(host.stateDir, 'shape'))).toBe(true);
  await verifyAndDelete({ isRealtime: false });
});

it('a guest with empty disks, a cloud-init seed and an I/O thread has them all, each its own', async () => {
  const userData = '#cloud-config\nhostname: "<&\'$(reboot)"\n';
  await run({
    ...mixed, ...deaf, ioThreads: 1, cloudInit: { userData },
    disks: [{ name: 'scratch', emptySize: '8Mi' }, { name: 'data', emptySize: '16Mi', persistence: 'NodeLocal' }],
  });
  expect(roles()).toEqual(['I/O thread1 OTHER on 0', 'QEMU OTHER on 0', 'vCPU 0 OTHER on 0', 'vCPU 1 FIFO 1 on 1']);

  const { uid } = storedVm(host.stateDir, 'shape')!.metadata;
  const own = join(host.stateDir, 'disks', uid);
  const disks = join(own, 'ephemeral/scratch.raw');
  expect(statSync(disks).size).toBe(8 * 2 ** 20);
  expect(statSync(join(own, 'node-local/data.raw'))).toMatchObject({ size: 16 * 2 ** 20, mode: 0o100600 });
  const seed = join(own, 'ephemeral/seed.iso');
  expect(extract(seed, 'user-data')).toBe(userData);
  expect(extract(seed, 'meta-data')).toContain(`instance-id: ${uid}\n`);

  const open = openFiles(qemuOf(host.libvirtd, 'shape')).filter((path) => path.startsWith(own)).map((path) => relative(own, path));
  expect([...new Set(open)].sort()).toEqual(['ephemeral/scratch.raw', 'ephemeral/seed.iso', 'node-local/data.raw']);
  await verifyAndDelete({ isRealtime: true });
});

it('a UEFI guest has its own variable store, which goes with it', async () => {
  // Emulated: not every nested KVM can run the firmware.
  const emulated = { env: { RTVM_VIRT_TYPE: 'qemu' } };
  const file = host.write('uefi.yaml', manifest(vm('uefi', {
    cpu: { vcpus: 1 }, memory: { size: '128Mi' }, firmware: { type: 'UEFI' }, terminationGracePeriodSeconds: 1, disks: [{ name: 'scratch', emptySize: '8Mi' }],
  })));
  expect(await host.run([file], emulated)).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(wellSaid('uefi')) as unknown });
  expect(readdirSync(join(host.libvirtd.dir, 'lib/qemu/nvram'))).toEqual([expect.stringMatching(/^rtvm-default-uefi-[0-9a-f]{8}_VARS\./)]);
  expectDone(await host.rtvm(['delete', 'uefi'], emulated));
  await host.nothingIsLeft();
});

/** A file of an ISO image, by xorriso. */
function extract(iso: string, name: string): string {
  const target = join(host.dir, `extracted-${name}`);
  execFileSync('xorriso', ['-no_rc', '-osirrox', 'on', '-indev', iso, '-extract', `/${name}`, target], { stdio: 'ignore' });
  return readFileSync(target, 'utf8');
}

function openFiles(pid: number): readonly string[] {
  return readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
}
