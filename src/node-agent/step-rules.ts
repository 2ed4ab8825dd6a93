/** What must hold before a guest's keeper acts, whatever led there: each act once more by itself. */
import { assert } from '../realtime/assert.ts';
import type { Situation, Step } from './next-step.ts';

/**
 * Only an observed wish of the allocation ends a domain or removes its files, and only where nothing runs is anything
 * started, or removed. I6, I7.
 * @throws AssertionFailedError
 */
export function assertAllowed(step: Step, { desired, domain, restart = false, graceEndsMs, nowMs }: Situation): void {
  const details = { step: step.do, desired, domain, restart };
  const ends = desired !== 'Running' || restart;
  const isOff = domain === 'off' || domain === 'absent';
  switch (step.do) {
    case 'start':
      assert(desired === 'Running' && isOff, 'a domain is started where it is to run and does not', details);
      break;
    case 'audit':
      assert(desired === 'Running' && domain === 'running', 'what is audited runs, and is to', details);
      break;
    case 'requestShutdown':
      assert(ends && !isOff, 'a guest is asked to switch off where it is to end or to be restarted', details);
      break;
    case 'destroy':
      assert(ends && !isOff, 'a domain is ended where it is to end or to be restarted', details);
      assert(
        (graceEndsMs ?? Infinity) <= nowMs, 'a domain is ended after its grace', { ...details, graceEndsMs, nowMs },
      );
      break;
    case 'cleanUp':
      assert(
        desired !== 'Running' && isOff, 'what a guest has here is removed where it is not to run, and does not',
        details,
      );
      assert(step.keepNodeLocal || desired === 'Removed', 'a NodeLocal disk is removed with its VM alone', details);
      break;
    case 'wait':
    case 'report':
      break;
  }
}
