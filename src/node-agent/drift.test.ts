import { describe, expect, it } from 'vitest';
import { CpuSet } from '../realtime/cpu-set.ts';
import type { Audit, Finding } from '../realtime/finding.ts';
import { answerAudit, noDrift } from './drift.ts';
import type { DriftMemory } from './drift.ts';

const minuteMs = 60_000;
const finding: Finding = { code: 'ThreadPolicy', severity: 'error', subject: 'CPU 1/KVM (tid 7)', expected: 'FIFO', observed: 'OTHER', message: 'the vCPU is not realtime', tid: 7 };
const expected = { policy: 'FIFO', priority: 1, cpus: CpuSet.of(3) } as const;

/** The audit of a domain with one thread, which has drifted or not. */
function audit(drifted: boolean): Audit {
  const findings = drifted ? [finding] : [];
  return {
    verified: !drifted,
    emulated: false,
    unseen: [],
    threads: [{ tid: 7, comm: 'CPU 1/KVM', role: { kind: 'vcpu', vcpu: 1 }, policy: drifted ? 'OTHER' : 'FIFO', priority: drifted ? 0 : 1, allowedCpus: CpuSet.of(3), expected, findings }],
    memory: [],
    findings,
  };
}

const correction = { tid: 7, comm: 'CPU 1/KVM', policy: 'FIFO', priority: 1 };

describe('answerAudit', () => {
  it('is content with a domain that is right', () => {
    expect(answerAudit(noDrift, audit(false), 0)).toEqual({ audit: audit(false), correct: [], gaveUp: false, againInMs: undefined, memory: { previous: audit(false), correctedAtMs: [] } });
  });

  it('reads twice before it says that a verified domain has drifted', () => {
    const first = answerAudit({ previous: audit(false), correctedAtMs: [] }, audit(true), 0);
    expect([first.audit.verified, first.correct, first.againInMs]).toEqual([true, [], 1000]);
    const second = answerAudit(first.memory, audit(true), 1000);
    expect([second.audit.verified, second.correct, second.againInMs]).toEqual([false, [correction], 1000]);
  });

  it('believes a first audit at once', () => {
    expect(answerAudit(noDrift, audit(true), 0)).toMatchObject({ correct: [correction], gaveUp: false });
  });

  it('lets a moment pass', () => {
    const first = answerAudit({ previous: audit(false), correctedAtMs: [] }, audit(true), 0);
    expect(answerAudit(first.memory, audit(false), 1000)).toMatchObject({ correct: [], againInMs: undefined, audit: { verified: true } });
  });

  it('stops fighting after three corrections in an hour, and takes it up again when they are old', () => {
    let memory: DriftMemory = noDrift;
    const answers = [0, 10, 20, 30, 40, 61].map((minute) => {
      const answer = answerAudit(memory, audit(true), minute * minuteMs);
      memory = answer.memory;
      return [minute, answer.correct.length, answer.gaveUp, answer.againInMs];
    });
    expect(answers).toEqual([
      [0, 1, false, 1000],
      [10, 1, false, 1000],
      [20, 1, false, 1000],
      [30, 0, true, undefined],
      [40, 0, true, undefined],
      [61, 1, false, 1000],
    ]);
  });
});
