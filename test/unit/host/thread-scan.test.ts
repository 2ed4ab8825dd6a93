import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { thisHost } from '../../../src/node-agent/host/host-root.ts';
import { scanThreads } from '../../../src/node-agent/host/thread-scan.ts';
import { machineClock } from '../../../src/runtime/clock.ts';
import { recordedHost, unpackHost } from '../../fixtures/hosts/host-fixture.ts';

const { signal } = new AbortController();
const kernel = 0x00208040;
const bound = 0x04000000;
const stat = (tid: number, comm: string, { flags = 0, threads = 1, policy = 0, priority = 0 } = {}) => `${tid} (${comm}) S 2 0 0 0 -1 ${flags} 0 0 0 0 0 70 0 0 20 0 ${threads} 0 20999 0 0 18446744073709551615 0 0 0 0 0 0 0 2147483647 0 1 0 0 17 1 ${priority} ${policy} 0 0 0 0 0 0 0 0 0 0 0`;
const status = (cpus: string) => `Name:\tx\nCpus_allowed_list:\t${cpus}\nvoluntary_ctxt_switches:\t1\nnonvoluntary_ctxt_switches:\t1`;
const process = (pid: number, line: string, cpus: string): readonly (readonly [string, string])[] => [
  [`proc/${pid}/stat`, line], [`proc/${pid}/task/${pid}/stat`, line], [`proc/${pid}/task/${pid}/status`, status(cpus)],
];

test('every thread but guests\' own, and what the kernel has bound to each CPU', async () => {
  using host = unpackHost(new Map([
    ...recordedHost('realtime-domain'),
    ...process(812, stat(812, 'stress', { threads: 2 }), '0-7'),
    ['proc/812/task/813/stat', stat(813, 'worker', { threads: 2, policy: 1, priority: 50 })], ['proc/812/task/813/status', status('2')],
    ...process(20, stat(20, 'migration/2', { flags: kernel | bound, policy: 1, priority: 99 }), '2'),
    ...process(42, stat(42, 'watchdogd', { flags: kernel, policy: 1, priority: 50 }), '0-7'),
    ...process(50, stat(50, 'irq/24-eth0', { flags: kernel, policy: 1, priority: 50 }), '3'),
    ...process(51, stat(51, 'irq/87-vfio-msix[0](0000:3b:00.0)', { flags: kernel, policy: 1, priority: 50 }), '2'),
    ...process(52, stat(52, 'vhost-1231', { flags: kernel }), '0'),
    ...process(53, stat(53, 'vhost-9999', { flags: kernel }), '2'),
    // It has ended in between.
    ['proc/60/stat', stat(60, 'gone')],
  ]));
  const found = await scanThreads(host.root, new Set([1231]), machineClock, signal);
  expect(found.filter(({ comm }) => !comm.startsWith('kvm-pit')).map(({ pid, tid, comm, policy, priority, allowedCpus }) => [pid, tid, comm, policy, priority, allowedCpus.toString()])).toEqual([
    [42, 42, 'watchdogd', 'FIFO', 50, '0-7'], [50, 50, 'irq/24-eth0', 'FIFO', 50, '3'], [53, 53, 'vhost-9999', 'OTHER', 0, '2'],
    [812, 812, 'stress', 'OTHER', 0, '0-7'], [812, 813, 'worker', 'FIFO', 50, '2'],
  ]);
});

test('this very host', async () => {
  const child = spawn('taskset', ['--cpu-list', '1', 'sleep', '60'], { stdio: 'ignore' });
  try {
    await once(child, 'spawn');
    await expect.poll(async () => (await scanThreads(thisHost, new Set(), machineClock, signal)).find(({ tid, comm }) => tid === child.pid && comm === 'sleep')?.allowedCpus.toString(), { timeout: 30_000 }).toBe('1');
    expect((await scanThreads(thisHost, new Set([child.pid!]), machineClock, signal)).some(({ tid }) => tid === child.pid)).toBe(false);
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});

test('ends with its signal', async () => {
  const stopped = new AbortController();
  const scan = scanThreads(thisHost, new Set(), machineClock, stopped.signal);
  stopped.abort();
  await expect(scan).rejects.toThrow();
});
