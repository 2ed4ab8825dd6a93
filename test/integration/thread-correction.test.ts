// Corrects the threads of a process of ours, as util-linux and the kernel see it; needs root, and no domain.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { thisHost } from '../../src/node-agent/host/host-root.ts';
import { correctThread } from '../../src/node-agent/host/process-control.ts';
import { readProcess } from '../../src/node-agent/host/process.ts';
import { CpuSet } from '../../src/realtime/cpu-set.ts';
import type { ObservedProcess, ObservedThread } from '../../src/realtime/observed.ts';
import type { Correction } from '../../src/realtime/verify/corrections.ts';

let child: ChildProcess;
beforeEach(async () => {
  child = spawn('sleep', ['60'], { stdio: 'ignore' });
  await once(child, 'spawn');
  while (observe().threads[0]?.comm !== 'sleep') await sleep(5);
});
afterEach(async () => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
});

function observe(): ObservedProcess {
  const observed = readProcess(thisHost, child.pid!);
  if (observed === undefined) throw new Error('the test\'s own child is gone');
  return observed;
}

function scheduling({ threads }: ObservedProcess): string[] {
  return threads.map(({ policy, priority, allowedCpus }: ObservedThread) => `${policy} ${priority} on ${allowedCpus.toString()}`);
}

const correction = (changes: Partial<Correction>): Correction => ({ tid: child.pid!, comm: 'sleep', ...changes });

test('policy, priority and CPUs, and back', async () => {
  const everywhere = observe().threads[0]!.allowedCpus;
  await correctThread(thisHost, observe(), correction({ policy: 'FIFO', priority: 3, cpus: CpuSet.of(0) }));
  expect(scheduling(observe())).toEqual(['FIFO 3 on 0']);
  await correctThread(thisHost, observe(), correction({ policy: 'OTHER', priority: 0 }));
  expect(scheduling(observe())).toEqual(['OTHER 0 on 0']);
  await correctThread(thisHost, observe(), correction({ cpus: everywhere }));
  expect(scheduling(observe())).toEqual([`OTHER 0 on ${everywhere.toString()}`]);
});

describe('a thread that is another one by now is left alone', () => {
  test.each<[string, (process: ObservedProcess) => Promise<void>]>([
    ['another name', (process) => correctThread(thisHost, process, correction({ comm: 'CPU 1/KVM', policy: 'FIFO', priority: 3 }))],
    ['another process under its number', ({ pid, startTicks }) => correctThread(thisHost, { pid, startTicks: startTicks + 1n }, correction({ policy: 'FIFO', priority: 3 }))],
    ['a thread of another process', ({ startTicks, pid }) => correctThread(thisHost, { pid, startTicks }, correction({ tid: process.pid, comm: 'node', policy: 'FIFO', priority: 3 }))],
  ])('%s', async (_, correct) => {
    await expect(correct(observe())).rejects.toMatchObject({ code: 'THREAD_GONE' });
    expect(scheduling(observe())[0]).toMatch(/^OTHER 0 on /);
  });

  test('it ended', async () => {
    const before = observe();
    child.kill('SIGKILL');
    await once(child, 'exit');
    await expect(correctThread(thisHost, before, correction({ policy: 'FIFO', priority: 3 }))).rejects.toMatchObject({
      code: 'THREAD_GONE',
      message: `thread sleep (tid ${child.pid}) of process ${child.pid} has ended: it is not corrected`,
    });
  });
});

test('what the kernel refuses is told in the tool\'s words', async () => {
  await expect(correctThread(thisHost, observe(), correction({ cpus: CpuSet.of(8000) }))).rejects.toMatchObject({
    code: 'CONTROL_REFUSED',
    message: expect.stringMatching(new RegExp(`^taskset --cpu-list --pid 8000 ${child.pid} for thread sleep \\(tid ${child.pid}\\) failed: .*Invalid argument`)) as unknown,
  });
  await expect(correctThread(thisHost, observe(), correction({ policy: 'DEADLINE' }))).rejects.toMatchObject({ code: 'CONTROL_REFUSED' });
});
