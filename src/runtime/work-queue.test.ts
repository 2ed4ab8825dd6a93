import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { machineClock } from './clock.ts';
import { WorkQueue } from './work-queue.ts';
import type { WorkQueueObserver, WorkQueueOptions } from './work-queue.ts';

/** A queue whose reconciles are ended by the test, and what it did, in order. */
function queueUnderTest(options: Partial<WorkQueueOptions> = {}) {
  const log: string[] = [];
  const end = new Map<string, (result: { requeueAfterMs?: number } | Error) => void>();
  const queue = new WorkQueue(
    (key) => new Promise((resolve, reject) => {
      log.push(`start ${key}`);
      end.set(key, (result) => {
        log.push(`end ${key}`);
        if (result instanceof Error) reject(result);
        else resolve(result);
      });
    }),
    { clock: machineClock, onError: (key, error, retryInMs) => log.push(`${key}: ${(error as Error).message}, again in ${retryInMs} ms`), ...options },
  );
  const finish = async (key: string, result: { requeueAfterMs?: number } | Error = {}) => {
    end.get(key)!(result);
    await vi.advanceTimersByTimeAsync(0);
  };
  return { queue, log, finish };
}

describe('WorkQueue', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('reconciles a key once however often it was added, and once more if it was added at work', async () => {
    const { queue, log, finish } = queueUnderTest();
    queue.add('a');
    queue.add('b');
    queue.add('b');
    queue.add('a');
    queue.add('a');
    await finish('a');
    await finish('b');
    await finish('a');
    expect(log).toEqual(['start a', 'end a', 'start b', 'end b', 'start a', 'end a']);
  });

  it('works on different keys at once, never twice on one', async () => {
    const { queue, log, finish } = queueUnderTest({ concurrency: 3 });
    queue.add('a');
    queue.add('b');
    queue.add('a');
    expect(log).toEqual(['start a', 'start b']);
    await finish('a');
    expect(log).toEqual(['start a', 'start b', 'end a', 'start a']);
  });

  it('lets the earliest of several delays win', async () => {
    const { queue, log } = queueUnderTest();
    queue.add('a', 500);
    queue.add('a', 100);
    queue.add('a', 300);
    await vi.advanceTimersByTimeAsync(99);
    expect(log).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(log).toEqual(['start a']);
    await vi.advanceTimersByTimeAsync(1000);
    expect(log).toEqual(['start a']);
  });

  it('comes back when the reconcile asks for it', async () => {
    const { queue, log, finish } = queueUnderTest();
    queue.add('a');
    await finish('a', { requeueAfterMs: 1000 });
    await vi.advanceTimersByTimeAsync(1000);
    expect(log).toEqual(['start a', 'end a', 'start a']);
  });

  it('retries errors with doubling waits up to the longest, and begins anew after a success', async () => {
    const { queue, log, finish } = queueUnderTest({ backoff: { firstMs: 10, maxMs: 25 } });
    queue.add('a');
    for (const waitMs of [10, 20, 25, 25]) {
      await finish('a', new Error('no'));
      expect(log.at(-1)).toBe(`a: no, again in ${waitMs} ms`);
      await vi.advanceTimersByTimeAsync(waitMs);
      expect(log.at(-1)).toBe('start a');
    }
    await finish('a');
    queue.add('a');
    await finish('a', new Error('no'));
    expect(log.at(-1)).toBe('a: no, again in 10 ms');
  });

  it('stops when the work in hand has ended, and takes nothing after that', async () => {
    const { queue, log, finish } = queueUnderTest();
    queue.add('a');
    queue.add('b');
    queue.add('c', 50);
    let stopped = false;
    void queue.stop().then(() => { stopped = true; });
    await vi.advanceTimersByTimeAsync(100);
    expect(stopped).toBe(false);
    await finish('a', { requeueAfterMs: 1 });
    queue.add('d');
    await vi.advanceTimersByTimeAsync(100);
    expect(stopped).toBe(true);
    expect(log).toEqual(['start a', 'end a']);
  });

  it('takes higher priorities first, and the highest that was asked for a key', async () => {
    const { queue, log, finish } = queueUnderTest();
    queue.add('first');
    queue.add('low', 0, -1);
    queue.add('middle');
    queue.add('raised', 0, -1);
    queue.add('raised', 0, 2);
    queue.add('high', 0, 1);
    queue.add('raised', 0, -5);
    for (const key of ['first', 'raised', 'high', 'middle', 'low']) await finish(key);
    expect(log.filter((line) => line.startsWith('start'))).toEqual(['start first', 'start raised', 'start high', 'start middle', 'start low']);
  });

  it('keeps a priority over delays and retries, and while the key is at work', async () => {
    const { queue, log, finish } = queueUnderTest();
    queue.add('urgent', 10, 1);
    queue.add('busy');
    queue.add('other');
    await vi.advanceTimersByTimeAsync(10);
    await finish('busy');
    expect(log.at(-1)).toBe('start urgent');
    queue.add('third');
    queue.add('urgent', 0, 3);
    await finish('urgent');
    expect(log.at(-1)).toBe('start urgent');
    await finish('urgent', new Error('no'));
    expect(log.at(-1)).toBe('start other');
    await vi.advanceTimersByTimeAsync(100);
    await finish('other');
    expect(log.at(-1)).toBe('start urgent');
  });

  it('tells its observer what metrics need', async () => {
    const told: string[] = [];
    const observer: WorkQueueObserver = {
      added: () => told.push('added'),
      depth: (keys) => told.push(`depth ${keys}`),
      started: (waitedMs) => told.push(`started after ${waitedMs}`),
      finished: (workedMs, result) => told.push(`${result} in ${workedMs}`),
      retried: () => told.push('retried'),
    };
    const { queue, finish } = queueUnderTest({ observer });
    queue.add('a');
    queue.add('b');
    queue.add('b');
    await vi.advanceTimersByTimeAsync(7);
    expect(queue.atWorkMs()).toStrictEqual([7]);
    await finish('a', new Error('no'));
    await finish('b', { requeueAfterMs: 1000 });
    expect(told).toEqual([
      'added', 'depth 1', 'depth 0', 'started after 0',
      'added', 'depth 1', 'error in 7', 'retried', 'depth 0', 'started after 7', 'requeue_after in 0',
    ]);
  });
});
