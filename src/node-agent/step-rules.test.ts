import { describe, expect, it } from 'vitest';
import { nextGuestStep } from '../protocol/guest-table.ts';
import type { GuestSituation, GuestStep } from '../protocol/guest-table.ts';
import { AssertionFailedError } from '../realtime/assert.ts';
import { assertAllowed } from './step-rules.ts';

const entries: readonly GuestSituation['entry'][] = [
  undefined,
  ...(['Running', 'Stopped', 'Removed'] as const).flatMap((desired) => (
    [true, false].map((isIntact) => ({ desired, isIntact }))
  )),
];

/** Every combination of these, one after the other. */
function* allSituations(): Generator<GuestSituation> {
  for (const entry of entries)
    for (const domain of ['running', 'paused', 'changing', 'off', 'absent'] as const)
      for (const isOver of ['No', 'Succeeded', 'Ended'] as const)
        for (const flags of Array(16).keys())
          for (const graceMs of [undefined, 0, 30])
            for (const backoffMs of [0, 30])
              yield {
                entry, domain, isOver, graceMs, backoffMs,
                isOpen: (flags & 1) > 0, isEntrys: (flags & 2) > 0, isLeft: (flags & 4) > 0,
                hostIsFree: (flags & 8) > 0,
              };
}

const situations = [...allSituations()];

const isAllowed = (step: GuestStep, situation: GuestSituation) => {
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
    expect(situations).toHaveLength(7 * 5 * 3 * 16 * 3 * 2);
    expect(situations.filter((situation) => !isAllowed(nextGuestStep(situation).step, situation))).toEqual([]);
  });

  const running: GuestSituation = {
    entry: { desired: 'Running', isIntact: true }, isOpen: true, domain: 'running', isEntrys: true, isLeft: false,
    hostIsFree: true, isOver: 'No', graceMs: undefined, backoffMs: 0,
  };
  const asked = (desired: 'Stopped' | 'Removed') => ({ ...running, entry: { desired, isIntact: true } });
  const stopped = asked('Stopped');

  it.each<[GuestStep['do'], string, GuestStep, GuestSituation]>([
    ['start', 'what runs', { do: 'start' }, running],
    ['start', 'what is to stop', { do: 'start' }, { ...stopped, domain: 'off' }],
    ['start', 'what no entry asks for', { do: 'start' }, { ...running, entry: undefined, domain: 'absent' }],
    ['start', 'anything in no session', { do: 'start' }, { ...running, domain: 'absent', isOpen: false }],
    ['audit', 'what is off', { do: 'audit', as: 'Entry' }, { ...running, domain: 'off' }],
    ['audit', 'what is not there', { do: 'audit', as: 'NoEntry' }, { ...running, domain: 'absent' }],
    ['requestShutdown', 'what is to run', { do: 'requestShutdown' }, running],
    ['requestShutdown', 'what no entry says', { do: 'requestShutdown' }, { ...running, entry: undefined }],
    ['requestShutdown', 'what is to stop in no session', { do: 'requestShutdown' }, { ...stopped, isOpen: false }],
    ['requestShutdown', 'what is off', { do: 'requestShutdown' }, { ...stopped, domain: 'off' }],
    ['destroy', 'what is to run', { do: 'destroy' }, { ...running, graceMs: 0 }],
    ['destroy', 'what no entry says', { do: 'destroy' }, { ...running, entry: undefined, graceMs: 0 }],
    ['destroy', 'what is to stop in no session', { do: 'destroy' }, { ...stopped, isOpen: false, graceMs: 0 }],
    ['destroy', 'what was not asked', { do: 'destroy' }, stopped],
    ['destroy', 'what has some of its grace', { do: 'destroy' }, { ...stopped, graceMs: 30 }],
    ['cleanUp', 'what is to run', { do: 'cleanUp', answer: 'Stopped' }, { ...running, domain: 'off' }],
    ['cleanUp', 'what runs', { do: 'cleanUp', answer: 'Removed' }, asked('Removed')],
    ['cleanUp', 'more than is asked for', { do: 'cleanUp', answer: 'Removed' }, { ...stopped, domain: 'off' }],
    ['cleanUp', 'less than is asked for', { do: 'cleanUp', answer: 'Stopped' }, { ...asked('Removed'), domain: 'off' }],
    ['undefineLeft', 'what runs', { do: 'undefineLeft' }, { ...running, isLeft: true }],
    ['undefineLeft', 'what is being started', { do: 'undefineLeft' }, { ...running, domain: 'changing', isLeft: true }],
  ])('is not to %s %s', (_, _what, step, situation) => {
    expect(isAllowed(step, situation)).toBe(false);
  });

  it.each<[string, GuestStep, GuestSituation]>([
    ['end what is to be removed, in any session', { do: 'requestShutdown' }, { ...asked('Removed'), isOpen: false }],
    ['destroy it after its grace', { do: 'destroy' }, { ...asked('Removed'), isOpen: false, graceMs: 0 }],
    ['answer in any session where nothing lives', { do: 'cleanUp', answer: 'Stopped' },
      { ...stopped, isOpen: false, domain: 'absent' }],
  ])('is to %s', (_, step, situation) => {
    expect(isAllowed(step, situation)).toBe(true);
  });
});
