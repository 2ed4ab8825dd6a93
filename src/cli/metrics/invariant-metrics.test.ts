import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { invariantMetrics } from './invariant-metrics.ts';

it('counts per node what is given twice, for as long as this controller leads, and faults for good', async () => {
  const registry = new Registry();
  const metrics = invariantMetrics(registry);
  metrics.doubleBooked('n1', 2);
  metrics.doubleBooked('n2', 0);
  metrics.assertionFailed();
  metrics.runningTwice(1);
  metrics.restoreOpen(true);
  const lines = async () => (await registry.metrics()).split('\n').filter((line) => line.startsWith('rtvm_'));
  expect(await lines()).toEqual([
    'rtvm_double_booked_claims{node="n1"} 2', 'rtvm_double_booked_claims{node="n2"} 0',
    'rtvm_assertion_failures_total 1', 'rtvm_vms_running_twice 1', 'rtvm_restore_open 1',
  ]);
  metrics.termEnded();
  expect(await lines()).toEqual(['rtvm_assertion_failures_total 1', 'rtvm_vms_running_twice 0', 'rtvm_restore_open 0']);
});
