import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { thisHost } from '../../../src/node-agent/host/host-root.ts';
import { findKernelThreads } from '../../../src/node-agent/host/kernel-threads.ts';
import { ProcessReader } from '../../../src/node-agent/host/process-reader.ts';
import { readProcess } from '../../../src/node-agent/host/process.ts';
import { recordedHost, unpackHost } from '../../fixtures/hosts/host-fixture.ts';
import type { HostFiles } from '../../fixtures/hosts/host-fixture.ts';
import { printed } from './printed.ts';

const pid = 1231;
const kvmPit = 1242;
const domain = recordedHost('realtime-domain');

/** The recorded domain with some files changed; undefined takes one away. */
function changed(changes: Readonly<Record<string, string | undefined>>): HostFiles {
  const files = new Map(domain);
  for (const [path, content] of Object.entries(changes)) {
    if (content === undefined) files.delete(path);
    else files.set(path, content);
  }
  return files;
}

const other = { state: 'S', policy: 'OTHER', priority: 0 };
const expected = {
  pid,
  startTicks: '20116',
  threads: [
    { tid: 1231, comm: 'qemu-system-x86', ...other, allowedCpus: '0', lastCpu: 0, voluntarySwitches: '831', involuntarySwitches: '618', runDelayNs: '543697217' },
    { tid: 1237, comm: 'qemu-system-x86', ...other, allowedCpus: '0', lastCpu: 0, voluntarySwitches: '39', involuntarySwitches: '6', runDelayNs: '51418777' },
    { tid: 1238, comm: 'vhost-1231', ...other, allowedCpus: '0', lastCpu: 0, voluntarySwitches: '2', involuntarySwitches: '0', runDelayNs: '949376' },
    { tid: 1239, comm: 'IO mon_iothread', ...other, allowedCpus: '0', lastCpu: 0, voluntarySwitches: '716', involuntarySwitches: '651', runDelayNs: '599979059' },
    { tid: 1240, comm: 'CPU 0/KVM', ...other, state: 'R', allowedCpus: '0', lastCpu: 0, voluntarySwitches: '191', involuntarySwitches: '1070', runDelayNs: '11217325570' },
    { tid: 1241, comm: 'CPU 1/KVM', state: 'R', policy: 'FIFO', priority: 1, allowedCpus: '2', lastCpu: 2, voluntarySwitches: '13', involuntarySwitches: '9', runDelayNs: '11295860' },
    { tid: 1243, comm: 'kvm-nx-lpage-re', state: 'S', policy: 'FIFO', priority: 1, allowedCpus: '2', lastCpu: 2, voluntarySwitches: '1', involuntarySwitches: '0', runDelayNs: '1927014' },
  ],
  kernelThreads: [
    { tid: 1242, comm: 'kvm-pit/1231', ...other, allowedCpus: '0-1,4-5', lastCpu: 4, voluntarySwitches: '1149', involuntarySwitches: '10', runDelayNs: '20771480315' },
  ],
  lockedKiB: 397_356,
  residentKiB: 135_864,
  swappedKiB: 0,
  hugetlbKiB: 32_768,
};

test('a realtime domain of a real host', () => {
  using host = unpackHost(domain);
  expect(printed(new ProcessReader(host.root).read(pid))).toEqual(expected);
});

test('this very process', () => {
  const observed = readProcess(thisHost, process.pid);
  expect(observed?.threads[0]).toMatchObject({ tid: process.pid, policy: 'OTHER', priority: 0 });
  expect(observed?.threads.length).toBeGreaterThan(1);
  expect(observed?.residentKiB).toBeGreaterThan(10_000);
});

describe('a process that is gone', () => {
  const leaderStat = domain.get(`proc/${pid}/stat`)!;
  test.each<[string, Readonly<Record<string, string | undefined>>]>([
    ['as a whole', Object.fromEntries([...domain.keys()].filter((path) => path.startsWith(`proc/${pid}/`)).map((path) => [path, undefined]))],
    ['but for its entry: a zombie', { [`proc/${pid}/stat`]: leaderStat.replace(') S ', ') Z ') }],
    ['between two reads', { [`proc/${pid}/status`]: undefined }],
  ])('%s', (_, changes) => {
    using host = unpackHost(changed(changes));
    expect(readProcess(host.root, pid)).toBeUndefined();
    expect(new ProcessReader(host.root).read(pid)).toBeUndefined();
  });
});

test.each(['stat', 'status'])('a thread that ends before its %s is read is left out', (file) => {
  using host = unpackHost(changed({ [`proc/${pid}/task/1239/${file}`]: undefined }));
  expect(printed(readProcess(host.root, pid))).toEqual({ ...expected, threads: expected.threads.filter(({ tid }) => tid !== 1239), kernelThreads: [] });
});

test('a kernel that keeps no run delay', () => {
  using host = unpackHost(changed({ [`proc/${pid}/task/1241/schedstat`]: undefined }));
  expect(readProcess(host.root, pid)?.threads.find(({ tid }) => tid === 1241)?.runDelayNs).toBe(0n);
});

describe('kernel threads outside the process', () => {
  const found = [{ tid: kvmPit, startTicks: 20_367n }];
  /** A thread on a kernel before 6.4 or 6.14, under its whole name. */
  const outside = (tid: number, comm: string, parent = 2) => `${tid} (${comm}) S ${parent} 0 0 0 -1 2129984 0 0 0 0 0 70 0 0 20 0 1 0 20999 0 0 18446744073709551615 0 0 0 0 0 0 0 2147483647 0 1 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0`;

  test('are found by kthreadd\'s list of children', () => {
    using host = unpackHost(domain);
    expect(findKernelThreads(host.root).get(pid)).toEqual(found);
  });

  test('are found among all processes where the kernel has no such list', () => {
    using host = unpackHost(changed({ 'proc/2/task/2/children': undefined }));
    expect(findKernelThreads(host.root).get(pid)).toEqual(found);
  });

  test.each([
    ['vhost-1231', 2, true],
    ['kvm-nx-lpage-recovery-1231', 2, true],
    ['vhost-12310', 2, false],
    ['kvm-nx-lpage-re', 2, false],
    ['vhost-1231', 4000, false],
  ])('%s, child of %d: %s', (comm, parent, ours) => {
    using host = unpackHost(changed({ 'proc/2/task/2/children': `${kvmPit} 1300 1301`, 'proc/1300/stat': outside(1300, comm, parent) }));
    expect(findKernelThreads(host.root).get(pid)).toEqual(ours ? [...found, { tid: 1300, startTicks: 20_999n }] : found);
  });

  test('are left out once their number belongs to another thread', () => {
    using host = unpackHost(domain);
    expect(readProcess(host.root, pid, [{ tid: kvmPit, startTicks: 1n }, { tid: 9999, startTicks: 1n }])?.kernelThreads).toEqual([]);
  });

  test('are remembered from the first reading on, and looked for again after five minutes', () => {
    using host = unpackHost(domain);
    let nowMs = 0;
    const reader = new ProcessReader(host.root, { nowMs: () => nowMs });
    const commsNow = () => reader.read(pid)?.kernelThreads.map(({ comm }) => comm);
    expect(commsNow()).toEqual(['kvm-pit/1231']);
    rmSync(join(host.root.proc, '2'), { recursive: true });
    expect(commsNow()).toEqual(['kvm-pit/1231']);
    rmSync(join(host.root.proc, String(kvmPit)), { recursive: true });
    expect(commsNow()).toEqual([]);
    // A worker for a device that the guest has switched on since.
    mkdirSync(join(host.root.proc, '1300'));
    for (const file of ['stat', 'status']) writeFileSync(join(host.root.proc, '1300', file), file === 'stat' ? outside(1300, 'vhost-1231') : domain.get(`proc/${kvmPit}/status`)!);
    nowMs = 299_999;
    expect(commsNow()).toEqual([]);
    nowMs = 300_000;
    expect(commsNow()).toEqual(['vhost-1231']);
  });
});
