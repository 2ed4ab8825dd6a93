// What becomes of a VM whose domain ends, by its run strategy; and how `rtvm` itself ends one. One rtvm at work throughout.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectDone } from './support/done.ts';
import { identityOf, qemuOf, qemusOf, vcpuThread } from './support/live-process.ts';
import { nodeName, startLocalHost } from './support/local-host.ts';
import type { LocalHost, RunningRtvm } from './support/local-host.ts';
import { deaf, manifest, mixed, romImage, shared, vm } from './support/manifests.ts';
import { deafRom } from './support/roms.ts';
import { conditionOf, storedGuests, storedVm } from './support/stored.ts';
import { until } from './support/until.ts';
import { isWell, wellSaid } from './support/well-running.ts';

const specs = {
  always: { ...shared, ...deaf, runStrategy: 'Always' },
  failing: { ...shared, ...deaf, runStrategy: 'RerunOnFailure' },
  succeeding: { ...shared, image: { name: 'probe' }, runStrategy: 'RerunOnFailure' },
  once: { ...shared, ...deaf, runStrategy: 'Once' },
  halting: { ...mixed, ...deaf, disks: [{ name: 'scratch', emptySize: '1Mi' }] },
} as const;
type VmName = keyof typeof specs;

let host: LocalHost;
let rtvm: RunningRtvm;
beforeAll(async () => {
  host = await startLocalHost({ roms: { deaf: deafRom } });
  const node = readFileSync(host.nodeFile, 'utf8').replace('vcpusPerSharedCpu: 4', 'vcpusPerSharedCpu: 16');
  const file = host.write('vms.yaml', manifest(romImage('deaf'), romImage('probe'), ...Object.entries(specs).map(([name, spec]) => vm(name, spec))));
  rtvm = host.start(['run', '-f', host.write('node.yaml', node), '-f', file]);
  for (const name of Object.keys(specs)) await rtvm.said(wellSaid(name));
});
afterAll(async () => {
  rtvm.process.kill('SIGINT');
  await rtvm.ended;
  await host[Symbol.asyncDispose]();
});

const stored = (name: string) => storedVm(host.stateDir, name);
const standing = (name: string) => [stored(name)?.status?.phase, conditionOf(stored(name), 'Running')];
const domainOf = async (name: string) => (await host.libvirtd.virsh('list', '--all', '--name')).split('\n').find((line) => line.startsWith(`rtvm-default-${name}-`))!;

async function startedAgain(name: VmName, end: () => Promise<unknown>): Promise<void> {
  const qemu = identityOf(qemuOf(host.libvirtd, name));
  const before = stored(name)!;
  await end();
  await until(`${name} runs again`, () => stored(name)?.status?.domain?.restarts === before.status!.domain!.restarts + 1 && isWell(stored(name)));
  expect(identityOf(qemuOf(host.libvirtd, name))).not.toBe(qemu);
  expect(stored(name)?.metadata.uid).toBe(before.metadata.uid);
}

describe('a domain that ends', () => {
  it('is started again by Always, and counted, whatever ended it', async () => {
    await startedAgain('always', async () => host.libvirtd.virsh('destroy', await domainOf('always')));
    await startedAgain('always', () => Promise.resolve(process.kill(qemuOf(host.libvirtd, 'always'), 'SIGKILL')));
    expect(stored('always')?.status?.domain?.restarts).toBe(2);
  });

  it('is started again by RerunOnFailure when it was destroyed', async () => {
    await startedAgain('failing', async () => host.libvirtd.virsh('destroy', await domainOf('failing')));
  });

  it('is left ended by RerunOnFailure when the guest has switched itself off', async () => {
    await host.libvirtd.virsh('shutdown', await domainOf('succeeding'), '--mode', 'acpi');
    await until('it is stopped', () => standing('succeeding').join() === 'Stopped,False Succeeded');
    expect(qemusOf(host.libvirtd, 'succeeding')).toEqual([]);
  });

  it('is left ended by Once', async () => {
    await host.libvirtd.virsh('destroy', await domainOf('once'));
    await until('it is stopped', () => standing('once').join() === 'Stopped,False Ended');
    expect(qemusOf(host.libvirtd, 'once')).toEqual([]);
  });
});

describe('runStrategy Halted, written into the manifest', () => {
  const strategy = (runStrategy: 'Halted' | 'Always') => writeFileSync(join(host.stateDir, 'manifests/RealtimeVM_default_halting.yaml'), manifest(vm('halting', { ...specs.halting, runStrategy })));

  it('ends the domain and gives back what it held', async () => {
    strategy('Halted');
    await until('it is halted', () => standing('halting')[0] === 'Stopped' && !storedGuests(host.stateDir, nodeName).some((guest) => guest.vm.name === 'halting'));
    expect(qemusOf(host.libvirtd, 'halting')).toEqual([]);
    expect(await domainOf('halting')).toBeUndefined();
    expect(conditionOf(stored('halting'), 'Ready')).toBeUndefined();
    await rtvm.said(/default\/halting: guest did not switch off within its grace period; destroying its domain \(domain rtvm-default-halting-[0-9a-f]{8}, 1 s\)/);
  });

  it('another VM can have its CPU then', async () => {
    writeFileSync(join(host.stateDir, 'manifests/second.yaml'), manifest(vm('second', { ...mixed, ...deaf })));
    await until('the second VM is ready', () => isWell(stored('second')));
    expect(vcpuThread(qemuOf(host.libvirtd, 'second'), 1)).toMatchObject({ scheduling: 'FIFO 1', cpus: '1' });
  });

  it('back to Always it waits for the CPU, saying so, and gets it when the other is deleted', async () => {
    strategy('Always');
    const message = await until('it is pending', () => stored('halting')?.status?.phase === 'Pending' && stored('halting')?.status?.conditions?.find(({ type }) => type === 'Placed')?.message);
    expect(message).toMatch(/^1 host: 0 free dedicated CPUs /);
    expectDone(await host.rtvm(['delete', 'second']));
    await until('it is ready', () => isWell(stored('halting')));
    expect(vcpuThread(qemuOf(host.libvirtd, 'halting'), 1)).toMatchObject({ scheduling: 'FIFO 1', cpus: '1' });
  });
});

it('a guest that hears the power button switches off and is not ended', async () => {
  writeFileSync(join(host.stateDir, 'manifests/polite.yaml'), manifest(vm('polite', { ...shared, image: { name: 'probe' } })));
  await until('it is ready', () => isWell(stored('polite')));
  expectDone(await host.rtvm(['delete', 'polite']));
  expect(rtvm.stderr()).not.toContain('default/polite: guest did not switch off');
});

it('what was left ended stays so, though libvirt no longer knows how it ended and rtvm is another one', async () => {
  rtvm.process.kill('SIGINT');
  await rtvm.ended;
  await host.libvirtd.restart();
  rtvm = host.start(['run', '--audit-interval', '1']);
  // By the time that this has come about, every VM has been looked at.
  await startedAgain('always', async () => host.libvirtd.virsh('destroy', await domainOf('always')));
  expect({ succeeding: standing('succeeding'), once: standing('once') }).toEqual({ succeeding: ['Stopped', 'False Succeeded'], once: ['Stopped', 'False Ended'] });
  expect([...qemusOf(host.libvirtd, 'succeeding'), ...qemusOf(host.libvirtd, 'once')]).toEqual([]);
});

it('all of them can be deleted', async () => {
  expectDone(await host.rtvm(['delete', ...Object.keys(specs)]));
  await host.nothingIsLeft();
});
