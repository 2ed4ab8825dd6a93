import { describe, expect, it } from 'vitest';
import type { ReportedGuest } from '../crds/realtime-allocation.ts';
import { dedicatedTwoCells } from '../realtime/domain/fixtures/inputs.ts';
import { auditIsLate, reportOf, told } from './guest-report.ts';
import { domainOf, entryOf } from './testing/entries.ts';

const paused = domainOf(entryOf(dedicatedTwoCells), { run: 'paused', pausedBecause: 'ioerror' });

it.each<[Parameters<typeof reportOf>[0], string, string]>([
  ['Paused', 'Unknown', 'Paused'],
  ['Succeeded', 'Stopped', 'Succeeded'],
  ['Ended', 'Stopped', 'Ended'],
  ['GrantEdited', 'Failed', 'AllocationInvalid'],
  ['HostTaken', 'Failed', 'CpusTaken'],
])('%s is reported as %s: %s, with no word of an audit, or of a life', (what, phase, reason) => {
  expect(reportOf(what, paused)).toEqual({ phase, reason, message: expect.any(String) as string });
});

it('says of a paused domain why it is, and what to do', () => {
  expect(reportOf('Paused', paused).message).toBe(
    'the domain is paused (ioerror); "virsh resume rtvm-ran-du-7" lets it go on, "virsh destroy" ends it',
  );
});

describe('of a guest that waits', () => {
  const report = (phase: ReportedGuest['phase'], more: Partial<ReportedGuest> = {}): ReportedGuest => (
    { uid: 'u', phase, ...more }
  );
  const livesStill = report('Starting', { lives: true });

  it.each(['Backoff', 'NotOpen'] as const)('%s: it is not said to run, or to live, any longer', (why) => {
    for (const last of [report('Running', { lives: true }), report('Running'), report('Unknown'), livesStill]) {
      const said = told(why, last);
      expect(said).toMatchObject({ phase: 'Starting', reason: why === 'Backoff' ? 'BackOff' : 'NotOpen' });
      expect(said?.lives).toBeUndefined();
    }
  });

  it.each(['Backoff', 'NotOpen'] as const)('%s: why it does not run stays said', (why) => {
    const others = [undefined, report('Failed'), report('Stopped'), report('Placed')];
    expect(others.map((last) => told(why, last))).toEqual(others.map(() => undefined));
  });

  it('for the end of a change, that is said; but not of one that was asked to switch off', () => {
    expect(told('Changing', undefined)).toMatchObject({ phase: 'Starting', reason: 'Changing' });
    expect(told('Changing', report('Running', { lives: true })))
      .toMatchObject({ phase: 'Starting', reason: 'Changing' });
    expect(told('Changing', report('Stopping', { lives: true }))).toBeUndefined();
  });

  it('for its grace, nothing is said', () => {
    expect(told('Grace', report('Running', { lives: true }))).toBeUndefined();
  });
});

it('an audit that is late takes back what the last one said, and nothing else', () => {
  const domain = { name: 'd', uuid: '00000000-0000-4000-8000-000000000000', restarts: 1 };
  const last: ReportedGuest = {
    uid: 'u', grant: 'g', lives: true, phase: 'Running', reason: 'Verified', message: 'fine', domain,
    audit: { verdict: 'Verified', findings: [] },
  };
  expect(auditIsLate(last)).toEqual({
    uid: 'u', grant: 'g', lives: true, phase: 'Unknown', reason: 'AuditLate', domain,
    message: expect.stringContaining('more than two intervals old') as string,
  });
});
