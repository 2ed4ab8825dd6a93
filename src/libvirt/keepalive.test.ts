import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { machineClock } from '../runtime/clock.ts';
import { Keepalive, keepaliveBoundMs } from './keepalive.ts';

const options = { intervalMs: 1000, maxMissed: 2 };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function start(): { readonly keepalive: Keepalive; readonly log: string[] } {
  const log: string[] = [];
  return { log, keepalive: new Keepalive(machineClock, options, () => log.push('ping'), () => log.push('dead')) };
}

it('pings in silence and gives up after the missed pings, once', () => {
  const { log } = start();
  vi.advanceTimersByTime(2000);
  expect(log).toEqual(['ping', 'ping']);
  vi.advanceTimersByTime(60_000);
  expect(log).toEqual(['ping', 'ping', 'dead']);
});

it('takes anything heard as a sign of life', () => {
  const { keepalive, log } = start();
  for (let i = 0; i < 100; i++) {
    vi.advanceTimersByTime(2000);
    keepalive.heard();
  }
  expect(log).not.toContain('dead');
});

it('notices silence within its bound, even when it begins right after something was heard', () => {
  const { keepalive, log } = start();
  keepalive.heard();
  vi.advanceTimersByTime(keepaliveBoundMs(options) - 1);
  expect(log).toEqual(['ping', 'ping']);
  vi.advanceTimersByTime(1);
  expect(log).toEqual(['ping', 'ping', 'dead']);
});

it('says nothing more once stopped', () => {
  const { keepalive, log } = start();
  keepalive.stop();
  vi.advanceTimersByTime(60_000);
  expect(log).toEqual([]);
});
