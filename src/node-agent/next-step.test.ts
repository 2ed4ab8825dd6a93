import { describe, expect, it } from 'vitest';
import { nextStep } from './next-step.ts';
import type { Situation, Step } from './next-step.ts';

const base: Situation = { desired: 'Running', domain: 'off', runStrategy: 'Always', hasRun: false, nowMs: 1000 };

const table: [string, Partial<Situation>, Step][] = [
  ['a new guest is started', { domain: 'absent' }, { do: 'start' }],
  ['a defined one that has never run is started', {}, { do: 'start' }],
  ['not before its backoff is over', { retryAtMs: 1500 }, { do: 'wait', forMs: 500, why: 'backoff' }],
  ['but then', { retryAtMs: 1000 }, { do: 'start' }],
  ['a running one is audited', { domain: 'running', hasRun: true }, { do: 'audit' }],
  ['a running one is audited whatever it waits for', { domain: 'running', retryAtMs: 9000 }, { do: 'audit' }],
  ['a paused one is told', { domain: 'paused' }, { do: 'report', what: 'paused' }],
  ['one that is being started, or switching off, is waited for', { domain: 'changing' }, { do: 'wait', forMs: 5000, why: 'changing' }],

  ['Always starts again after a shutdown', { hasRun: true, end: 'shutdown' }, { do: 'start' }],
  ['Always starts again after a crash', { hasRun: true, end: 'crashed' }, { do: 'start' }],
  ['RerunOnFailure lets a shutdown be', { hasRun: true, end: 'shutdown', runStrategy: 'RerunOnFailure' }, { do: 'report', what: 'succeeded' }],
  ['RerunOnFailure starts again after a crash', { hasRun: true, end: 'crashed', runStrategy: 'RerunOnFailure' }, { do: 'start' }],
  ['RerunOnFailure starts again when somebody destroyed it', { hasRun: true, end: 'destroyed', runStrategy: 'RerunOnFailure' }, { do: 'start' }],
  ['RerunOnFailure starts again when nobody knows how it ended', { hasRun: true, end: 'unknown', runStrategy: 'RerunOnFailure' }, { do: 'start' }],
  ['Once is over after a crash', { hasRun: true, end: 'crashed', runStrategy: 'Once' }, { do: 'report', what: 'ended' }],
  ['Once is over after a shutdown', { hasRun: true, end: 'shutdown', runStrategy: 'Once' }, { do: 'report', what: 'succeeded' }],
  ['Once is started the first time', { domain: 'absent', runStrategy: 'Once' }, { do: 'start' }],

  ['a restart begins with asking', { domain: 'running', restart: true }, { do: 'requestShutdown' }],
  ['then it has its grace too', { domain: 'running', restart: true, graceEndsMs: 1200 }, { do: 'wait', forMs: 200, why: 'grace' }],
  ['and is ended', { domain: 'paused', restart: true, graceEndsMs: 1000 }, { do: 'destroy' }],
  ['a restart starts what is off, whatever its strategy or backoff', { hasRun: true, end: 'shutdown', runStrategy: 'Once', restart: true, retryAtMs: 9000 }, { do: 'start' }],
  ['a guest that has no domain is started as ever', { domain: 'absent', restart: true, retryAtMs: 1500 }, { do: 'wait', forMs: 500, why: 'backoff' }],
  ['one that is to stop is not restarted', { desired: 'Stopped', restart: true }, { do: 'cleanUp', keepNodeLocal: true }],

  ['stopping begins with asking', { desired: 'Stopped', domain: 'running' }, { do: 'requestShutdown' }],
  ['then it has its grace', { desired: 'Stopped', domain: 'running', graceEndsMs: 1200 }, { do: 'wait', forMs: 200, why: 'grace' }],
  ['in which it may be switching off', { desired: 'Removed', domain: 'changing', graceEndsMs: 1200 }, { do: 'wait', forMs: 200, why: 'grace' }],
  ['and after which it is ended', { desired: 'Removed', domain: 'running', graceEndsMs: 1000 }, { do: 'destroy' }],
  ['a paused guest cannot switch off, but is asked all the same', { desired: 'Removed', domain: 'paused' }, { do: 'requestShutdown' }],
  ['a stopped VM keeps its node-local disks', { desired: 'Stopped' }, { do: 'cleanUp', keepNodeLocal: true }],
  ['a removed one keeps nothing', { desired: 'Removed' }, { do: 'cleanUp', keepNodeLocal: false }],
  ['even when its domain is gone already, since its disks may not be', { desired: 'Removed', domain: 'absent' }, { do: 'cleanUp', keepNodeLocal: false }],
];

describe('nextStep', () => {
  it.each(table)('%s', (_, situation, step) => {
    expect(nextStep({ ...base, ...situation })).toEqual(step);
  });

  it('ends or removes nothing that is meant to run', () => {
    for (const domain of ['absent', 'off', 'running', 'paused', 'changing'] as const) {
      for (const runStrategy of ['Always', 'RerunOnFailure', 'Once', 'Halted'] as const) {
        for (const graceEndsMs of [undefined, 0, 5000]) {
          for (const end of ['shutdown', 'destroyed', 'crashed', 'failed', 'unknown'] as const) {
            expect(['start', 'audit', 'wait', 'report']).toContain(nextStep({ ...base, domain, runStrategy, graceEndsMs, end, hasRun: true }).do);
          }
        }
      }
    }
  });
});
