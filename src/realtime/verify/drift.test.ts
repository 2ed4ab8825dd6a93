import { describe, expect, it } from 'vitest';
import { CpuSet } from '../cpu-set.ts';
import { mixedRealtimeRom } from '../domain/fixtures/inputs.ts';
import type { ObservedProcess } from '../observed.ts';
import { audit } from './audit.ts';
import { confirmDrift } from './drift.ts';
import { matchingProcess, withThread } from './sample-process.ts';

const { guest, placement } = mixedRealtimeRom;
const right = matchingProcess(guest, placement);
const boosted = withThread(right, 'worker', { policy: 'DEADLINE' });
const boostedOtherwise = withThread(right, 'worker', { policy: 'FIFO', priority: 1 });
const demoted = withThread(right, 'CPU 1/KVM', { policy: 'OTHER', priority: 0 });
const astray = withThread(right, 'worker', { allowedCpus: CpuSet.of(1) });
const unlocked = { ...right, lockedKiB: 0 };
const halved = { ...right, threads: right.threads.filter((thread) => thread.comm !== 'CPU 1/KVM') };

describe('confirmDrift', () => {
  it.each<[string, ObservedProcess | undefined, ObservedProcess | undefined, readonly string[]]>([
    ['a moment', right, boosted, []],
    ['a moment that is over', boosted, right, []],
    ['what lasts', demoted, demoted, ['ThreadPolicy CPU 1/KVM (tid 201)']],
    ['what lasts in another form', boosted, boostedOtherwise, ['ThreadPolicy worker (tid 102)']],
    ['two moments of two threads', boosted, demoted, []],
    ['two moments of one thread', boosted, astray, []],
    ['memory at once', right, unlocked, ['MemoryNotLocked memory']],
    ['a missing vCPU at once', right, halved, ['VcpuMissing vCPU 1']],
    ['no process at once', right, undefined, ['ProcessGone domain']],
  ])('of %s', (_, before, now, findings) => {
    const current = audit(guest, placement, now);
    const confirmed = confirmDrift(audit(guest, placement, before), current);
    expect(confirmed.findings.map(({ code, subject }) => `${code} ${subject}`)).toEqual(findings);
    expect(confirmed.verified).toBe(findings.length === 0);
    expect(confirmed.threads.flatMap((row) => row.findings)).toEqual(confirmed.findings.filter((finding) => finding.tid !== undefined));
    expect({ ...confirmed, verified: 0, findings: 0, threads: confirmed.threads.map((row) => ({ ...row, findings: 0 })) })
      .toEqual({ ...current, verified: 0, findings: 0, threads: current.threads.map((row) => ({ ...row, findings: 0 })) });
  });

  it('counts everything in the first audit', () => {
    const first = audit(guest, placement, demoted);
    expect(confirmDrift(undefined, first)).toBe(first);
    expect(first.verified).toBe(false);
  });
});
