import { expect, it } from 'vitest';
import { machineClock } from '../../runtime/clock.ts';
import { LeaseBook } from './lease-book.ts';

const clockAt = (nowMs: number, wallMs: number) => ({ ...machineClock, nowMs: () => nowMs, date: () => new Date(wallMs) });
const at = (ms: number) => new Date(ms).toISOString();

it('tells when an agent falls silent and speaks again, by its own clock', () => {
  const book = new LeaseBook(40_000);
  expect([book.isSilent('n1'), book.seen('n1', at(0), clockAt(0, 0)), book.isSilent('n1')]).toEqual([true, false, false]);
  expect([book.lapsed(39_999), book.lapsed(40_000), book.lapsed(50_000), book.isSilent('n1')]).toEqual([[], ['n1'], [], true]);
  // The same time again is no heartbeat; another one is, whatever it says.
  expect([book.seen('n1', at(0), clockAt(60_000, 60_000)), book.seen('n1', at(10), clockAt(60_000, 60_000)), book.isSilent('n1')]).toEqual([false, true, false]);
  expect([book.gone('n1'), book.gone('n1'), book.isSilent('n1')]).toEqual([true, false, true]);
});

it('believes an old Lease at first sight only within what clocks may differ', () => {
  const book = new LeaseBook(40_000);
  expect([book.seen('late', at(0), clockAt(5, 99_000)), book.isSilent('late')]).toEqual([false, false]);
  expect([book.seen('dead', at(0), clockAt(5, 3_600_000)), book.isSilent('dead'), book.lapsed(5)]).toEqual([true, true, []]);
});
