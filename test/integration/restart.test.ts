// A running VM outlives whatever is restarted around it: rtvm, libvirtd; and audits go on meanwhile.
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { expectDone } from './support/done.ts';
import { identityOf, qemuOf, vcpuThread } from './support/live-process.ts';
import { startLocalHost } from './support/local-host.ts';
import type { LocalHost, RunningRtvm } from './support/local-host.ts';
import { deaf, manifest, mixed, romImage, vm } from './support/manifests.ts';
import { deafRom } from './support/roms.ts';
import { conditionOf, storedVm } from './support/stored.ts';
import { until } from './support/until.ts';
import { isWell, wellSaid } from './support/well-running.ts';

let host: LocalHost;
let rtvm: RunningRtvm;
let qemu: string | undefined;
beforeAll(async () => {
  host = await startLocalHost({ roms: { deaf: deafRom } });
  const file = host.write('vm.yaml', manifest(romImage('deaf'), vm('survivor', { ...mixed, ...deaf })));
  rtvm = host.start(['run', '-f', host.nodeFile, '-f', file, '--audit-interval', '1']);
  await rtvm.said(wellSaid('survivor'));
  qemu = identityOf(qemuOf(host.libvirtd, 'survivor'));
});
afterAll(async () => {
  await end('SIGINT');
  await host[Symbol.asyncDispose]();
});

const isReady = () => isWell(storedVm(host.stateDir, 'survivor'));
const realtimeVcpu = () => vcpuThread(qemuOf(host.libvirtd, 'survivor'), 1);

async function end(signal: 'SIGINT' | 'SIGTERM') {
  rtvm.process.kill(signal);
  return rtvm.ended;
}

function expectUntouched(): void {
  expect(identityOf(qemuOf(host.libvirtd, 'survivor'))).toBe(qemu);
  expect(realtimeVcpu()).toMatchObject({ scheduling: 'FIFO 1', cpus: '1' });
}

/** Only an audit puts this right. */
async function driftIsCorrected(): Promise<void> {
  execFileSync('chrt', ['--other', '--pid', '0', String(realtimeVcpu().tid)]);
  await until('the vCPU is FIFO again', () => realtimeVcpu().scheduling === 'FIFO 1');
}

describe.each(['SIGINT', 'SIGTERM'] as const)('rtvm that gets %s', (signal) => {
  it('leaves the VM running, says so, and ends well', async () => {
    expect(await end(signal)).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('rtvm: left running, without audits: default/survivor; "rtvm run" looks after it again, "rtvm delete default/survivor" ends it') as unknown });
    expectUntouched();
  });

  it('looks after the VM again when it is started anew, without its files', async () => {
    rtvm = host.start(['run', '--audit-interval', '1']);
    await driftIsCorrected();
    await until('it is ready', isReady);
    expectUntouched();
  });
});

describe('a libvirtd that', () => {
  // Another rtvm has its three corrections an hour still.
  beforeEach(async () => {
    await end('SIGINT');
    rtvm = host.start(['run', '--audit-interval', '1']);
    await driftIsCorrected();
  });

  it('restarts is found again', async () => {
    await host.libvirtd.restart();
    await domainEventsArrive();
  });

  it('is killed and stays away does not end the audits', async () => {
    process.kill(host.libvirtd.pid, 'SIGKILL');
    await rtvm.said('libvirt connection lost: ');
    await driftIsCorrected();
    await host.libvirtd.restart();
    await domainEventsArrive();
  });

  it('hangs does not end the audits', async () => {
    host.libvirtd.freeze();
    try {
      await driftIsCorrected();
    } finally {
      host.libvirtd.thaw();
    }
    await domainEventsArrive();
  });

  /** What is done to the domain by others is seen: paused, and going on. */
  async function domainEventsArrive(): Promise<void> {
    expectUntouched();
    const name = (await host.libvirtd.virsh('list', '--name')).trim();
    await host.libvirtd.virsh('suspend', name);
    await until('the pause is told', () => conditionOf(storedVm(host.stateDir, 'survivor'), 'Running') === 'False Paused');
    await host.libvirtd.virsh('resume', name);
    await until('it is ready again', isReady);
    expectUntouched();
    expect(storedVm(host.stateDir, 'survivor')?.status?.domain?.restarts).toBe(0);
  }
});

it('deleted at last, it leaves nothing', async () => {
  expectDone(await host.rtvm(['delete', 'survivor']));
  await host.nothingIsLeft();
});
