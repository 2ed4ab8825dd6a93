// Somebody else changes a realtime VM's threads: found, put right, and after three times in an hour told instead. One story, in order.
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { qemuOf, threadsOf, vcpuThread } from './support/live-process.ts';
import type { LiveThread } from './support/live-process.ts';
import { startLocalHost } from './support/local-host.ts';
import type { LocalHost, RunningRtvm } from './support/local-host.ts';
import { deaf, manifest, mixed, romImage, vm } from './support/manifests.ts';
import { deafRom } from './support/roms.ts';
import { conditionOf, storedVm } from './support/stored.ts';
import { until } from './support/until.ts';
import { hasKvm } from './support/well-running.ts';

let host: LocalHost;
let rtvm: RunningRtvm;
let qemu: number;
let domain: string;
beforeAll(async () => {
  host = await startLocalHost({ roms: { deaf: deafRom } });
  const file = host.write('vm.yaml', manifest(romImage('deaf'), vm('drift', { ...mixed, ...deaf })));
  rtvm = host.start(['run', '-f', host.nodeFile, '-f', file, '--audit-interval', '1']);
  await rtvm.said('drift: running and verified');
  qemu = qemuOf(host.libvirtd, 'drift');
  domain = (await host.libvirtd.virsh('list', '--name')).trim();
});
afterAll(async () => {
  rtvm.process.kill('SIGINT');
  await rtvm.ended;
  await host[Symbol.asyncDispose]();
});

const realtimeVcpu = () => vcpuThread(qemu, 1);
const conditions = () => ['RealtimeVerified', 'Ready'].map((type) => conditionOf(storedVm(host.stateDir, 'drift'), type));
const corrections = () => rtvm.stderr().match(/default\/drift: correcting threads /g)?.length ?? 0;

function becomeOrdinary({ tid }: LiveThread): void {
  execFileSync('chrt', ['--other', '--pid', '0', String(tid)]);
}

async function putRight(look: () => LiveThread, scheduling: string, cpus: string): Promise<void> {
  await until(`the thread is ${scheduling} on ${cpus} again`, () => look().scheduling === scheduling && look().cpus === cpus);
  // The status follows the audit after the correction.
  await until('the VM is verified again', () => conditionOf(storedVm(host.stateDir, 'drift'), 'Ready') === 'True RunningVerified');
}

describe.runIf(hasKvm)('a thread that was changed is put right (skipped where there is no KVM)', () => {
  it('when the realtime vCPU is no longer FIFO', async () => {
    becomeOrdinary(realtimeVcpu());
    await putRight(realtimeVcpu, 'FIFO 1', '1');
    await rtvm.said(/drift: correcting threads \(domain rtvm-default-drift-[0-9a-f]{8}\): CPU 1\/\w+ \(tid \d+\): vCPU 1 runs OTHER instead of FIFO 1: any other thread on its CPU can take the CPU from it/);
  });

  // By virsh, which moves the cpuset that libvirt keeps a thread in where it has cgroups: taskset alone could not take it out again.
  it('when the realtime vCPU is on another CPU', async () => {
    await host.libvirtd.virsh('vcpupin', domain, '1', '0', '--live');
    expect(realtimeVcpu().cpus).toBe('0');
    await putRight(realtimeVcpu, 'FIFO 1', '1');
    await rtvm.said(/drift: correcting threads \(domain rtvm-default-drift-[0-9a-f]{8}\): CPU 1\/\w+ \(tid \d+\): vCPU 1 may run on CPUs 0 instead of 1: CPUs 0 are not for it/);
    // By libvirt again, whose live definition says what we gave.
    expect(await host.libvirtd.virsh('dumpxml', domain)).toContain("<vcpupin vcpu='1' cpuset='1'/>");
  });

  it('when QEMU itself is on the realtime CPU', async () => {
    const main = () => threadsOf(qemu).find(({ tid }) => tid === qemu)!;
    await host.libvirtd.virsh('emulatorpin', domain, '1', '--live');
    expect(main().cpus).toBe('1');
    await putRight(main, 'OTHER', '0');
    await rtvm.said(/drift: correcting threads \(domain rtvm-default-drift-[0-9a-f]{8}\): qemu-system-x86 \(tid \d+\): an emulator thread may run on CPUs 1 instead of 0/);
    expect(await host.libvirtd.virsh('dumpxml', domain)).toContain("<emulatorpin cpuset='0'/>");
  });
});

describe.runIf(hasKvm)('after three corrections in an hour (skipped where there is no KVM)', () => {
  it('it is left as it is and told', async () => {
    expect(corrections()).toBe(3);
    becomeOrdinary(realtimeVcpu());
    await until('rtvm has given up', () => conditions()[0] === 'False DriftPersists');
    expect(conditions()).toEqual(['False DriftPersists', 'False NotVerified']);
    expect(storedVm(host.stateDir, 'drift')?.status?.findings).toMatchObject([{ code: 'ThreadPolicy', expected: 'FIFO 1', observed: 'OTHER' }]);
    expect(realtimeVcpu()).toMatchObject({ scheduling: 'OTHER', cpus: '1' });
    expect(corrections()).toBe(3);
  });

  it('verify says the same, with the row', async () => {
    const table = await host.rtvm(['verify', 'drift']);
    expect(table.exitCode).toBe(1);
    expect(table.stdout).toContain('NOT VERIFIED');
    expect(table.stdout).toMatch(/CPU 1\/\w+ +vCPU 1 +OTHER +0 +1 +FIFO 1 on 1 +(?!ok)\S/);
    const json = await host.rtvm(['verify', 'drift', '-o', 'json']);
    expect({ exitCode: json.exitCode, items: (JSON.parse(json.stdout) as { items: unknown }).items }).toMatchObject({
      exitCode: 1, items: [{ name: 'drift', verified: false, findings: [{ code: 'ThreadPolicy', expected: 'FIFO 1', observed: 'OTHER' }] }],
    });
  });

  it('what a person puts right counts as right', async () => {
    execFileSync('chrt', ['--fifo', '--pid', '1', String(realtimeVcpu().tid)]);
    await until('the VM is verified again', () => conditions().join() === 'True Verified,True RunningVerified');
    expect(qemuOf(host.libvirtd, 'drift')).toBe(qemu);
  });
});

// As `virsh edit` does it: the domain runs on as it was started, and libvirt would start it next as it is written now.
describe.runIf(hasKvm)('a definition that somebody has edited (skipped where there is no KVM)', () => {
  it('is nothing to the guest that runs', async () => {
    const edited = (await host.libvirtd.virsh('dumpxml', domain, '--inactive')).replace(/<vcpusched [^>]*>/, '').replace(/<metadata>[^]*<\/metadata>/, '');
    expect(edited).not.toContain('vcpusched');
    await host.libvirtd.virsh('define', host.write('edited.xml', edited));
    // Audits are a second apart.
    await sleep(2500);
    const seen = await host.rtvm(['verify', 'drift']);
    expect(seen).toMatchObject({ exitCode: 0 });
    expect(conditions()).toEqual(['True Verified', 'True RunningVerified']);
    expect(qemuOf(host.libvirtd, 'drift')).toBe(qemu);
  });

  it('is not what it is started as when it has ended', async () => {
    await host.libvirtd.virsh('destroy', domain);
    await until('the guest is started again', () => (storedVm(host.stateDir, 'drift')?.status?.domain?.restarts ?? 0) > 0 && conditions()[1] === 'True RunningVerified');
    const anew = qemuOf(host.libvirtd, 'drift');
    expect(anew).not.toBe(qemu);
    expect(vcpuThread(anew, 1)).toMatchObject({ scheduling: 'FIFO 1', cpus: '1' });
    expect(await host.libvirtd.virsh('dumpxml', domain, '--inactive')).toMatch(/<vcpusched vcpus='1' scheduler='fifo' priority='1'/);
  });
});
