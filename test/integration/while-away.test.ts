// What happens to a VM while no rtvm is at work: the next `rtvm run` believes nothing of what an earlier one has said.
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { expectDone } from './support/done.ts';
import { identityOf, qemuOf, vcpuThread } from './support/live-process.ts';
import { startLocalHost } from './support/local-host.ts';
import type { LocalHost } from './support/local-host.ts';
import { deaf, manifest, mixed, romImage, vm } from './support/manifests.ts';
import { deafRom } from './support/roms.ts';
import { storedVm } from './support/stored.ts';
import { wellSaid } from './support/well-running.ts';

let host: LocalHost;
let file: string;
let domain: string;
beforeAll(async () => {
  host = await startLocalHost({ roms: { deaf: deafRom } });
  file = host.write('vm.yaml', manifest(romImage('deaf'), vm('left', { ...mixed, ...deaf })));
  expectDone(await host.run([file]));
  domain = (await host.libvirtd.virsh('list', '--name')).trim();
});
afterAll(() => host[Symbol.asyncDispose]());

const qemu = () => qemuOf(host.libvirtd, 'left');
const wellAgain = { exitCode: 0, stderr: expect.stringMatching(wellSaid('left')) as unknown };

it('a domain that has ended is started again, and only then said to run', async () => {
  await host.libvirtd.virsh('destroy', domain);
  expect(await host.run([file])).toMatchObject(wellAgain);
  expect(vcpuThread(qemu(), 1)).toMatchObject({ scheduling: 'FIFO 1', cpus: '1' });
  expect(storedVm(host.stateDir, 'left')?.status?.domain?.restarts).toBe(1);
});

it('a thread that was changed is put right, and only then said to be verified', async () => {
  const before = identityOf(qemu());
  execFileSync('chrt', ['--other', '--pid', '0', String(vcpuThread(qemu(), 1).tid)]);
  expect(await host.run([file])).toMatchObject(wellAgain);
  expect(vcpuThread(qemu(), 1)).toMatchObject({ scheduling: 'FIFO 1', cpus: '1' });
  expect(identityOf(qemu())).toBe(before);
});

it('a domain that was paused is told, and left to whoever paused it', async () => {
  const before = identityOf(qemu());
  await host.libvirtd.virsh('suspend', domain);
  expect(await host.run([file])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining(`left cannot run: the domain is paused (user); "virsh resume ${domain}" lets it go on, "virsh destroy" ends it (Paused)`) as unknown,
  });
  expect((await host.libvirtd.virsh('domstate', domain)).trim()).toBe('paused');
  await host.libvirtd.virsh('resume', domain);
  expect(await host.run([file])).toMatchObject(wellAgain);
  expect(identityOf(qemu())).toBe(before);
});

it('a domain that somebody has undefined is made anew, and deleted without a trace', async () => {
  await host.libvirtd.virsh('destroy', domain);
  await host.libvirtd.virsh('undefine', '--nvram', domain);
  expect(await host.run([file])).toMatchObject(wellAgain);
  expectDone(await host.rtvm(['delete', 'left']));
  await host.nothingIsLeft();
});
