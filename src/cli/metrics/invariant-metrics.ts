/** What must never be, as figures: something given twice, and faults of rtvm itself. */
import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { InvariantsObserver } from '../../controller/invariants-observer.ts';

export interface InvariantMetrics extends InvariantsObserver {
  /** What the next leader reads is not this one's to report. */
  readonly termEnded: () => void;
}

export function invariantMetrics(registry: Registry): InvariantMetrics {
  const overlaps = new Gauge({
    name: 'rtvm_double_booked_claims', labelNames: ['node'], registers: [registry],
    help: 'pCPUs, page sizes, devices and disks that the RealtimeAllocation of a node gives twice; else 0.',
  });
  const assertionFailed = assertionCounter(registry);
  const twice = new Gauge({
    name: 'rtvm_vms_running_twice', registers: [registry],
    help: 'VMs of which more than one domain lives; 0 unless a person\'s word that a machine is off was not true.',
  });
  const restore = new Gauge({
    name: 'rtvm_restore_open', registers: [registry],
    help: '1 while a restore of the store is open: nothing is started or stopped before a person accepts it; else 0.',
  });
  return {
    doubleBooked: (node, count) => overlaps.set({ node }, count),
    assertionFailed,
    runningTwice: (vms) => twice.set(vms),
    restoreOpen: (isOpen) => restore.set(Number(isOpen)),
    termEnded: () => {
      for (const gauge of [overlaps, twice, restore]) gauge.reset();
    },
  };
}

/** @returns counts one. */
export function assertionCounter(registry: Registry): () => void {
  const failures = new Counter({
    name: 'rtvm_assertion_failures_total', registers: [registry],
    help: 'Faults of rtvm itself that were found, each by stopping what it is about; 0 unless something is wrong.',
  });
  return () => failures.inc();
}
