import fc from 'fast-check';
import { expect, test } from 'vitest';
import { VirtualClock } from './virtual-clock.ts';

const clockAtNoon = () => new VirtualClock(new Date('2026-01-01T12:00:00Z'));

test('whatever is due happens by its time, then in the order in which it was asked for, and nothing that was cancelled', async () => {
  const timer = fc.record({ ms: fc.integer({ min: 1, max: 50 }), cancelled: fc.boolean() });
  await fc.assert(fc.asyncProperty(fc.array(timer, { maxLength: 40 }), async (timers) => {
    const clock = clockAtNoon();
    const happened: number[] = [];
    timers.forEach(({ ms, cancelled }, index) => {
      const { cancel } = clock.after(ms, () => happened.push(index));
      if (cancelled) cancel();
    });
    await clock.pass(50);
    const expected = timers.map(({ ms, cancelled }, index) => ({ ms, cancelled, index })).filter(({ cancelled }) => !cancelled);
    expect(happened).toEqual(expected.toSorted((one, other) => one.ms - other.ms).map(({ index }) => index));
  }), { numRuns: 50 });
});

test('time passes only as far as it is let, and the wall clock may be put elsewhere meanwhile', async () => {
  const clock = clockAtNoon();
  const seen: string[] = [];
  const tick = () => {
    seen.push(`${clock.nowMs()} ${clock.date().toISOString().slice(11, 23)}`);
    clock.after(1000, tick);
  };
  clock.after(1000, tick);
  await clock.pass(2500);
  clock.stepWall(-3_600_000);
  await clock.pass(1000);
  expect(seen).toEqual(['1000 12:00:01.000', '2000 12:00:02.000', '3000 11:00:03.000']);
  expect(clock.nowMs()).toBe(3500);
});

test('what is put off to the end of a turn comes after all promises of it, before time goes on', async () => {
  const clock = clockAtNoon();
  const order: string[] = [];
  clock.after(1, () => {
    clock.afterThisTurn(() => order.push(`end of turn at ${clock.nowMs()}`));
    void Promise.resolve().then(() => Promise.resolve()).then(() => order.push('promise'));
  });
  clock.after(2, () => order.push('later'));
  await clock.pass(2);
  expect(order).toEqual(['promise', 'end of turn at 1', 'later']);
});

test('sleep ends with its signal', async () => {
  const clock = clockAtNoon();
  const stop = new AbortController();
  const slept = clock.sleep(60_000, stop.signal).catch((error: unknown) => (error as Error).name);
  stop.abort();
  expect(await slept).toBe('AbortError');
  await clock.pass(60_000);
});
