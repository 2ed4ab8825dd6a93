import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { machineRuntime } from '../../runtime/runtime.ts';
import { DirectoryLock } from './directory-lock.ts';
import { temporaryDirectory } from './testing/temporary.ts';

async function locks(timeoutMs?: number): Promise<readonly [DirectoryLock, DirectoryLock, string]> {
  const file = path.join(await temporaryDirectory(), 'lock');
  const both = [new DirectoryLock(file, machineRuntime, timeoutMs), new DirectoryLock(file, machineRuntime, timeoutMs)] as const;
  onTestFinished(async () => { for (const lock of both) await lock.close(); });
  return [...both, file];
}

test('one at a time, whichever lock on the file is asked', async () => {
  const [one, other] = await locks();
  let inside = 0;
  let most = 0;
  const work = async () => {
    inside += 1;
    most = Math.max(most, inside);
    await sleep(1);
    inside -= 1;
  };
  await Promise.all(Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? one : other).hold(work)));
  expect([inside, most]).toStrictEqual([0, 1]);
});

test('work that fails gives the lock back', async () => {
  const [one, other] = await locks();
  await expect(one.hold(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  expect(await other.hold(() => Promise.resolve('free'))).toBe('free');
});

test('a lock that is never given back is an error that says how to find its holder', async () => {
  const [one, other, file] = await locks(100);
  const done = Promise.withResolvers<undefined>();
  const held = one.hold(() => done.promise);
  await expect(other.hold(() => Promise.resolve())).rejects.toThrow(expect.objectContaining({ code: 'LOCKED', message: `${file} has been locked by another process for 0.1 s; \`lslocks\` shows which. It may be stopped (SIGSTOP) or wait for a hanging disk` }));
  done.resolve(undefined);
  await held;
});

test('closing waits for the work in hand', async () => {
  const [one] = await locks();
  const steps: string[] = [];
  const work = one.hold(async () => { await sleep(20); steps.push('worked'); });
  await one.close();
  steps.push('closed');
  await work;
  expect(steps).toStrictEqual(['worked', 'closed']);
});
