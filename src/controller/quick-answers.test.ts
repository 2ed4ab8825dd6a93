import { beforeEach, describe, expect, it } from 'vitest';
import type { AllocatedGuest, ReportedGuest } from '../crds/realtime-allocation.ts';
import { machineClock } from '../runtime/clock.ts';
import { QuickAnswers } from './quick-answers.ts';
import type { VmStanding } from './vm-report.ts';

const placed: Extract<VmStanding, { kind: 'placed' }> = {
  kind: 'placed', entry: {} as AllocatedGuest, report: undefined, restartRequired: undefined, unknown: undefined };
const running: ReportedGuest = { uid: 'a', phase: 'Running' };

let nowMs: number;
let answers: QuickAnswers;
beforeEach(() => {
  nowMs = 1000;
  answers = new QuickAnswers({ ...machineClock, nowMs: () => nowMs });
});

describe('QuickAnswers', () => {
  it('waits for the answer, and no longer than it takes an agent to tell a slow start', () => {
    const waits = [0, 500, 1999, 2000, 5000].map((afterMs) => {
      nowMs = 1000 + afterMs;
      return answers.waitMs('a', placed, undefined);
    });
    expect(waits).toEqual([2000, 1500, 1, 0, 0]);
  });

  it('tells an answer at once, and waits anew when the VM is placed anew', () => {
    expect(answers.waitMs('a', placed, 'Pending')).toBe(2000);
    nowMs += 1500;
    expect(answers.waitMs('a', { ...placed, report: running }, 'Pending')).toBe(0);
    expect(answers.waitMs('a', placed, 'Pending')).toBe(2000);
  });

  it('holds back nothing else', () => {
    expect(answers.waitMs('a', { kind: 'unplaced', reason: 'TooFewDedicatedCpus', message: '' }, undefined)).toBe(0);
    expect(answers.waitMs('a', { kind: 'halted' }, undefined)).toBe(0);
    expect(answers.waitMs('a', { ...placed, unknown: { reason: 'NodeLost', message: 'its node is silent' } }, undefined)).toBe(0);
    expect(answers.waitMs('a', placed, 'Running')).toBe(0);
  });
});
