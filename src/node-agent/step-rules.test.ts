import { describe, expect, it } from 'vitest';
import { AssertionFailedError } from '../realtime/assert.ts';
import { nextStep } from './next-step.ts';
import type { Situation, Step } from './next-step.ts';
import { assertAllowed } from './step-rules.ts';

/** Every combination of these, one after the other. */
function* allSituations(): Generator<Situation> {
  for (const desired of ['Running', 'Stopped', 'Removed'] as const)
    for (const domain of ['running', 'paused', 'changing', 'off', 'absent'] as const)
      for (const end of [undefined, 'shutdown', 'failed'] as const)
        for (const runStrategy of ['Always', 'RerunOnFailure', 'Once', 'Halted'] as const)
          for (const flags of [0, 1, 2, 3])
            for (const graceEndsMs of [undefined, 10, 30])
              for (const retryAtMs of [undefined, 30])
                yield {
                  desired, domain, end, runStrategy, hasRun: flags % 2 === 1, restart: flags > 1, graceEndsMs,
                  retryAtMs, nowMs: 20,
                };
}

const situations = [...allSituations()];

const isAllowed = (step: Step, situation: Situation) => {
  try {
    assertAllowed(step, situation);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(AssertionFailedError);
    return false;
  }
};

describe('what a keeper may do', () => {
  it('is whatever is decided, in each situation that there is', () => {
    expect(situations).toHaveLength(3 * 5 * 3 * 4 * 4 * 3 * 2);
    expect(situations.filter((situation) => !isAllowed(nextStep(situation), situation))).toEqual([]);
  });

  const running: Situation = { desired: 'Running', domain: 'running', runStrategy: 'Always', hasRun: true, nowMs: 20 };
  it.each<[Step['do'], Step, Situation]>([
    ['start', { do: 'start' }, running],
    ['start', { do: 'start' }, { ...running, desired: 'Stopped', domain: 'off' }],
    ['audit', { do: 'audit' }, { ...running, domain: 'off' }],
    ['requestShutdown', { do: 'requestShutdown' }, running],
    ['destroy', { do: 'destroy' }, running],
    ['destroy', { do: 'destroy' }, { ...running, desired: 'Stopped' }],
    ['destroy', { do: 'destroy' }, { ...running, desired: 'Stopped', graceEndsMs: 30 }],
    ['cleanUp', { do: 'cleanUp', keepNodeLocal: true }, { ...running, domain: 'off' }],
    ['cleanUp', { do: 'cleanUp', keepNodeLocal: true }, { ...running, desired: 'Removed' }],
    ['cleanUp', { do: 'cleanUp', keepNodeLocal: false }, { ...running, desired: 'Stopped', domain: 'off' }],
  ])('is not to %s elsewhere', (_, step, situation) => {
    expect(isAllowed(step, situation)).toBe(false);
  });
});
