/** The guest's clocks and timers. */
import { element } from './element.ts';
import type { XmlElement } from './element.ts';

/**
 * `<clock>`: UTC, ticks of the real-time clock caught up when they were missed, the old interval timer delayed (libvirt knows
 * no other policy that QEMU implements), and no HPET, which QEMU emulates outside the kernel. The TSC needs no timer of its
 * own: see cpu-model.ts.
 */
export function clock(): XmlElement {
  return element('clock', { offset: 'utc' }, [
    element('timer', { name: 'rtc', tickpolicy: 'catchup' }),
    element('timer', { name: 'pit', tickpolicy: 'delay' }),
    element('timer', { name: 'hpet', present: 'no' }),
  ]);
}
