import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CallQueue } from './call-queue.ts';

function call(serial: number): { readonly serial: number; readonly message: Buffer } {
  return { serial, message: Buffer.from(String(serial)) };
}

function queue(): { readonly calls: CallQueue<ReturnType<typeof call>>; readonly sent: number[] } {
  const sent: number[] = [];
  return { calls: new CallQueue((message) => sent.push(Number(message.toString()))), sent };
}

describe('CallQueue', () => {
  it('sends in order, never more than four unanswered, and every call in the end', () => {
    fc.assert(fc.property(fc.array(fc.oneof(fc.constant('add' as const), fc.nat(3))), (steps) => {
      const { calls, sent } = queue();
      const unanswered = (): number[] => sent.filter((serial) => !answered.has(serial));
      const answered = new Set<number>();
      let added = 0;
      const answer = (serial: number): void => {
        answered.add(serial);
        expect(calls.take(serial)).toEqual(call(serial));
      };
      for (const step of steps) {
        if (step === 'add') calls.add(call(++added));
        else if (unanswered().length > 0) answer(unanswered()[step % unanswered().length]!);
        expect(unanswered().length).toBeLessThanOrEqual(4);
      }
      while (unanswered().length > 0) answer(unanswered()[0]!);
      expect(sent).toEqual(Array.from({ length: added }, (_, i) => i + 1));
    }));
  });

  it('forgets an abandoned call that was not sent, and keeps the place of one that was', () => {
    const { calls, sent } = queue();
    const all = [1, 2, 3, 4, 5, 6].map(call);
    for (const each of all) calls.add(each);
    calls.abandon(all[4]!);
    calls.abandon(all[0]!);
    expect(sent).toEqual([1, 2, 3, 4]);
    expect(calls.take(1)).toBe(all[0]);
    expect(sent).toEqual([1, 2, 3, 4, 6]);
    expect(calls.take(5)).toBeUndefined();
  });

  it('is stuck once calls wait behind nothing but abandoned ones', () => {
    const { calls } = queue();
    const all = [1, 2, 3, 4].map(call);
    for (const each of all) calls.add(each);
    for (const each of all.slice(1)) calls.abandon(each);
    calls.add(call(5));
    expect(calls.stuck).toBe(false);
    calls.abandon(all[0]!);
    expect(calls.stuck).toBe(true);
    calls.take(3);
    expect(calls.stuck).toBe(false);
  });

  it('gives back whoever still waits', () => {
    const { calls } = queue();
    const all = [1, 2, 3, 4, 5].map(call);
    for (const each of all) calls.add(each);
    calls.abandon(all[1]!);
    expect(calls.drain().map(({ serial }) => serial)).toEqual([1, 3, 4, 5]);
    expect(calls.drain()).toEqual([]);
  });
});
