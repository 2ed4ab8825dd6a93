// Absence never destroys (I6): a manifest that does not parse or is gone, an allocation that is lost. One VM throughout.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectDone } from './support/done.ts';
import { expectInvariants } from './support/invariants.ts';
import { identityOf, qemuOf, qemusOf, vcpuThread } from './support/live-process.ts';
import { nodeName, startLocalHost } from './support/local-host.ts';
import type { LocalHost, RunningRtvm } from './support/local-host.ts';
import { deaf, manifest, mixed, romImage, vm } from './support/manifests.ts';
import { deafRom } from './support/roms.ts';
import { objectFile, storedGuests, storedNode, storedVm } from './support/stored.ts';
import { until } from './support/until.ts';
import { isWell } from './support/well-running.ts';

let host: LocalHost;
let qemu: string | undefined;
beforeAll(async () => {
  host = await startLocalHost({ roms: { deaf: deafRom } });
  const file = host.write('vm.yaml', manifest(romImage('deaf'), vm('kept', { ...mixed, ...deaf })));
  expectDone(await host.run([file]));
  qemu = identityOf(qemuOf(host.libvirtd, 'kept'));
});
afterAll(() => host[Symbol.asyncDispose]());

const orphans = () => storedNode(host.stateDir, nodeName)?.status?.orphans?.map(({ vm: made }) => made?.name) ?? [];
const allocation = () => objectFile(host.stateDir, `RealtimeAllocation__${nodeName}`);

function expectUntouched(): void {
  expect(identityOf(qemuOf(host.libvirtd, 'kept'))).toBe(qemu);
  expect(vcpuThread(qemuOf(host.libvirtd, 'kept'), 1)).toMatchObject({ scheduling: 'FIFO 1', cpus: '1' });
  expectInvariants(host, ['kept', 'another'], [1]);
}

/** While rtvm is at work. */
async function withRtvm(work: (rtvm: RunningRtvm) => Promise<void>): Promise<void> {
  const rtvm = host.start(['run', '--audit-interval', '1']);
  try {
    await work(rtvm);
  } finally {
    rtvm.process.kill('SIGINT');
    await rtvm.ended;
  }
}

describe('a manifest in the state directory', () => {
  const path = () => join(host.stateDir, 'manifests/RealtimeVM_default_kept.yaml');

  it.each([
    ['no longer parses', 'kind: RealtimeVM\n  spec: [', /RealtimeVM_default_kept\.yaml:2/],
    ['says something impossible', manifest(vm('kept', { ...mixed, ...deaf, cpu: { vcpus: 0 } })), /spec\.cpu\.vcpus/],
    ['is empty', '', /RealtimeVM default\/kept is no longer in this file; it stays with its last spec/],
    ['is gone', undefined, /RealtimeVM_default_kept\.yaml.*this file is gone, but RealtimeVM default\/kept came from it; it stays with its last spec/],
  ])('that %s is told and ends nothing; put back, all is well', async (_, text, told) => {
    const whole = readFileSync(path(), 'utf8');
    await withRtvm(async (rtvm) => {
      if (text === undefined) rmSync(path());
      else writeFileSync(path(), text);
      await rtvm.said(told);
      expectUntouched();
      writeFileSync(path(), whole);
    });
    await withRtvm(async () => {
      await until('the VM is ready', () => isWell(storedVm(host.stateDir, 'kept')));
      expectUntouched();
    });
  });
});

describe('an allocation that is lost', () => {
  it('is made anew from the domain, and its CPU is not given to another VM', async () => {
    rmSync(allocation());
    const another = host.write('another.yaml', manifest(vm('another', { ...mixed, ...deaf })));
    expect(await host.run([another])).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/another cannot run: 1 host: 0 free dedicated CPUs /) as unknown });
    expectUntouched();
    expect(storedGuests(host.stateDir, nodeName).map((guest) => guest.vm.name)).toEqual(['kept']);
  });

  it('is so while rtvm is at work, too', async () => {
    await withRtvm(async () => {
      await until('the VM is looked after', () => isWell(storedVm(host.stateDir, 'kept')));
      rmSync(allocation());
      writeFileSync(join(host.stateDir, 'manifests/another.yaml'), manifest(vm('another', { ...mixed, ...deaf })));
      await until('the other VM waits', () => storedVm(host.stateDir, 'another')?.status?.phase === 'Pending');
      await until('the VM is in the table again', () => storedGuests(host.stateDir, nodeName).some((guest) => guest.vm.name === 'kept'));
      expectUntouched();
    });
    rmSync(join(host.stateDir, 'manifests/another.yaml'));
    expectDone(await host.rtvm(['delete', 'another']));
  });
});

describe('a VM that is lost with its allocation', () => {
  it('stays as an orphan that is told, and keeps its CPU', async () => {
    rmSync(allocation());
    rmSync(objectFile(host.stateDir, 'RealtimeVM_default_kept'));
    rmSync(join(host.stateDir, 'manifests/RealtimeVM_default_kept.yaml'));
    await withRtvm(async (rtvm) => {
      await rtvm.said(/default\/kept: domain matches no allocation; left running, its CPUs stay reserved \(domain rtvm-default-kept-[0-9a-f]{8}\): "virsh destroy" and "virsh undefine" end it/);
      await until('the orphan is told', () => orphans().join() === 'kept');
      expect(identityOf(qemuOf(host.libvirtd, 'kept'))).toBe(qemu);
    });
    const another = host.write('another.yaml', manifest(vm('another', { ...mixed, ...deaf })));
    expect(await host.run([another])).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/another cannot run: 1 host: 0 free dedicated CPUs /) as unknown });
    expect(identityOf(qemuOf(host.libvirtd, 'kept'))).toBe(qemu);
    expect(qemusOf(host.libvirtd, 'another')).toEqual([]);
  });

  it('gives it back when a person ends it', async () => {
    const domain = (await host.libvirtd.virsh('list', '--name')).trim();
    await withRtvm(async () => {
      await host.libvirtd.virsh('destroy', domain);
      await until('no orphan is told', () => orphans().length === 0);
    });
    rmSync(join(host.stateDir, 'serial', `${domain}.log`));
    const another = host.write('another.yaml', manifest(vm('another', { ...mixed, ...deaf })));
    await host.runsAndDeletes(another, 'another');
  });
});
