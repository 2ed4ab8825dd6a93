import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { machineClock } from '../runtime/clock.ts';
import { WaitingVms } from './waiting-vms.ts';

let isHeldUp: boolean;
let retried: (readonly string[])[];
let waiting: WaitingVms;

beforeEach(() => {
  isHeldUp = false;
  retried = [];
  waiting = new WaitingVms({ clock: machineClock, isHeldUp: () => isHeldUp, retry: (keys) => retried.push(keys) });
});

afterEach(() => {
  waiting.stop();
  vi.useRealTimers();
});

const add = (...keys: string[]) => keys.forEach((key) => waiting.add(key, waiting.changes));

describe('VMs that wait', () => {
  it('are all looked at again once for all changes of one turn', async () => {
    add('a', 'b', 'c');
    waiting.delete('b');
    waiting.changed();
    waiting.changed();
    await nextTurn();
    expect(retried).toEqual([['a', 'c']]);
    waiting.changed();
    await nextTurn();
    expect(retried).toHaveLength(2);
  });

  it('are left alone where nobody waits, or nothing has changed', async () => {
    waiting.changed();
    await nextTurn();
    add('a');
    await nextTurn();
    expect(retried).toEqual([]);
  });

  it('are looked at again after a change that came while they were being refused', () => {
    const decidedAt = waiting.changes;
    waiting.changed();
    waiting.add('late', decidedAt);
    expect(retried).toEqual([['late']]);
  });

  it('are not looked at while all are held up, whatever changes; and all at once when that is over', async () => {
    isHeldUp = true;
    const decidedAt = waiting.changes;
    add('a');
    for (let change = 0; change < 300; change += 1) {
      waiting.changed();
      await nextTurn();
    }
    waiting.add('late', decidedAt);
    expect(retried).toEqual([]);
    isHeldUp = false;
    waiting.changed();
    await nextTurn();
    expect(retried).toEqual([['a', 'late']]);
  });

  it('hear of what does not help them once in 30 s', () => {
    vi.useFakeTimers();
    add('a');
    for (let change = 0; change < 100; change += 1) waiting.toldOtherwise();
    vi.advanceTimersByTime(29_999);
    expect(retried).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(retried).toEqual([['a']]);
    vi.advanceTimersByTime(60_000);
    expect(retried).toHaveLength(1);
    waiting.toldOtherwise();
    waiting.stop();
    vi.advanceTimersByTime(60_000);
    expect(retried).toHaveLength(1);
  });
});
