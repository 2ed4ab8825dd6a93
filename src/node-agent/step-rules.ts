/** What must hold before a guest's keeper acts, whatever led there: each act once more by itself. */
import type { GuestSituation, GuestStep } from '../protocol/guest-table.ts';
import { assert } from '../realtime/assert.ts';

/**
 * Only an observed wish of the table ends a domain or removes its files, only in a session that is open (a deletion
 * in any), and only where nothing runs is anything started, or removed. I6, I7.
 * @throws AssertionFailedError
 */
export function assertAllowed(step: GuestStep, { entry, domain, isOpen, graceMs }: GuestSituation): void {
  const desired = entry?.desired;
  const details = { step: step.do, desired, domain, isOpen };
  const isOff = domain === 'off' || domain === 'absent';
  const ends = desired === 'Removed' || (desired === 'Stopped' && isOpen);
  switch (step.do) {
    case 'start':
      assert(
        desired === 'Running' && isOff && isOpen,
        'a domain is started where it is to run and does not, in an open session', details,
      );
      break;
    case 'audit':
      assert(!isOff, 'what is audited lives', details);
      break;
    case 'requestShutdown':
    case 'destroy':
      assert(ends && !isOff, 'a domain is ended where it is to end', details);
      assert(step.do !== 'destroy' || graceMs === 0, 'a domain is ended after its grace', { ...details, graceMs });
      break;
    case 'cleanUp':
      assert(
        step.answer === desired && isOff, 'what a guest has here is removed where it is not to run, and does not',
        details,
      );
      break;
    case 'undefineLeft':
      assert(domain === 'off', 'what is undefined is off', details);
      break;
    case 'wait':
    case 'report':
    case 'none':
      break;
  }
}
