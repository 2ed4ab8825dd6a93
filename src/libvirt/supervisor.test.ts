import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { machineClock } from '../runtime/clock.ts';
import { machineRandom } from '../runtime/random.ts';
import { LibvirtSupervisor } from './supervisor.ts';
import type { SupervisorOptions } from './supervisor.ts';

const dir = mkdtempSync(join(tmpdir(), 'libvirt-supervisor-'));
afterAll(() => rmSync(dir, { recursive: true }));

/** A supervisor of a socket that is not there, which stops after some attempts; the clock jumps instead of waiting. */
async function failing(attempts: number, options: Partial<SupervisorOptions> = {}): Promise<{ readonly slept: number[]; readonly failures: [unknown, number][]; readonly supervisor: LibvirtSupervisor }> {
  const slept: number[] = [];
  const failures: [unknown, number][] = [];
  const done = Promise.withResolvers<undefined>();
  const supervisor = new LibvirtSupervisor({
    socketPath: join(dir, 'libvirt-sock'),
    onConnected: () => { throw new Error('connected to nothing'); },
    onDisconnected: () => { throw new Error('disconnected from nothing'); },
    onLifecycleEvent: () => { throw new Error('an event of nothing'); },
    onConnectFailed: (error, retryInMs) => failures.push([(error as { code: unknown }).code, retryInMs]),
    random: { ...machineRandom, fraction: () => 0.5 },
    clock: {
      ...machineClock,
      nowMs: () => 0,
      sleep: (ms, signal) => {
        if (slept.push(ms) < attempts) return Promise.resolve();
        done.resolve(undefined);
        return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)));
      },
    },
    ...options,
  });
  await done.promise;
  return { slept, failures, supervisor };
}

describe('a supervisor without a libvirt', () => {
  it('tries again and again, ever more slowly up to the cap, and tells each time', async () => {
    const { slept, failures, supervisor } = await failing(6, { backoff: { firstMs: 100, maxMs: 1000 } });
    await supervisor.stop();
    expect(slept).toEqual([75, 150, 300, 600, 750, 750]);
    expect(failures).toEqual(slept.map((ms) => ['SOCKET_MISSING', ms]));
  });

  it('says why there is no client', async () => {
    const { supervisor } = await failing(1);
    expect(supervisor.current).toBeUndefined();
    expect(supervisor.lastError).toMatchObject({ code: 'SOCKET_MISSING' });
    await supervisor.stop();
  });

  it('lets waiters go when it is stopped, and when they no longer wait', async () => {
    const { supervisor } = await failing(1);
    const reason = new Error('no longer wanted');
    const controller = new AbortController();
    const aborted = supervisor.client(controller.signal);
    const waiting = supervisor.client();
    controller.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    await expect(supervisor.client(AbortSignal.abort(reason))).rejects.toBe(reason);
    const closed = expect(waiting).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
    await supervisor.stop();
    await closed;
    await expect(supervisor.client(new AbortController().signal)).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
  });
});
