// Two rtvm on one host: the second is told of the first, and a deletion is carried out by whoever is at work.
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { probeVm, startLocalHost } from './support/local-host.ts';
import type { LocalHost, RunningRtvm } from './support/local-host.ts';
import { expectRefused, reasonsIn } from './support/refusal.ts';

let host: LocalHost;
let first: RunningRtvm;

beforeAll(async () => {
  host = await startLocalHost();
  first = host.start(['run', '-f', host.nodeFile, '-f', probeVm]);
  await first.said('rtvm: audits go on; Ctrl-C ends rtvm and leaves the VMs running');
});
afterAll(async () => {
  first.process.kill('SIGTERM');
  await first.ended;
  await host[Symbol.asyncDispose]();
});

test('a second run names the process that is at work, and changes nothing', async () => {
  const other = host.write('other.yaml', readFileSync(probeVm, 'utf8').replaceAll('name: probe', 'name: other'));
  const result = await host.run([other]);
  expectRefused(result);
  expect(reasonsIn(result)).toEqual([
    expect.stringMatching(new RegExp(`^rtvm: process ${first.process.pid!} \\(.*/main\\.ts run -f .* -f ${probeVm} ?\\) works on this host already and holds ${host.lockFile}: only one of "rtvm run" and "rtvm agent" runs on a host at a time; stop that one first$`)) as unknown,
  ]);
  expect((await host.libvirtd.virsh('list', '--all', '--name')).trim().split('\n')).toEqual([expect.stringMatching(/^rtvm-default-probe-/) as unknown]);
  expect(first.process.exitCode).toBeNull();
});

test('a deletion of what is not there says what is', async () => {
  const result = await host.rtvm(['delete', 'prob']);
  expectRefused(result, 'rtvm: there is no VM default/prob; did you mean default/probe? (there is default/probe)');
});

test('a deletion is carried out by the one that is at work, which goes on', async () => {
  const result = await host.rtvm(['delete', 'probe']);
  expect(result).toEqual({ exitCode: 0, stdout: '', stderr: 'RealtimeVM default/probe: ending\nRealtimeVM default/probe: gone, with its domain, disks and CPUs\n' });
  await host.nothingIsLeft();
  expect(first.process.exitCode).toBeNull();
});

test('once it has ended, the host is free', async () => {
  first.process.kill('SIGINT');
  expect(await first.ended).toMatchObject({ exitCode: 0 });
  expect(existsSync(host.lockFile)).toBe(true); // the lock is the kernel's, not the file
  await host.runsAndDeletes();
});
