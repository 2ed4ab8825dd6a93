import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { machineClock } from '../../runtime/clock.ts';
import { WorkQueue } from '../../runtime/work-queue.ts';
import { queueMetrics } from './queue-metrics.ts';

it('counts what a queue does', async () => {
  const registry = new Registry();
  let failures = 0;
  const retried = Promise.withResolvers<undefined>();
  const queue = new WorkQueue((key) => {
    if (key === 'bad' && failures === 0) return Promise.reject(new Error('no'));
    if (key === 'bad') retried.resolve(undefined);
    return Promise.resolve({});
  }, { clock: machineClock, backoff: { firstMs: 1, maxMs: 1 }, onError: () => void (failures += 1), observer: queueMetrics(registry)('vms') });
  queue.add('good');
  queue.add('bad');
  await retried.promise;
  await queue.stop();
  const value = async (name: string) => (await registry.getSingleMetric(name)?.get())?.values.map(({ labels, value: counted, ...rest }) => ({ labels, value: counted, ...rest })) ?? [];
  expect(await value('workqueue_adds_total')).toEqual([{ labels: { name: 'vms' }, value: 3 }]);
  expect(await value('workqueue_retries_total')).toEqual([{ labels: { name: 'vms' }, value: 1 }]);
  expect(await value('workqueue_depth')).toEqual([{ labels: { name: 'vms' }, value: 0 }]);
  expect(await value('controller_runtime_reconcile_total')).toEqual([
    { labels: { controller: 'vms', result: 'success' }, value: 2 },
    { labels: { controller: 'vms', result: 'error' }, value: 1 },
  ]);
  expect(await value('controller_runtime_reconcile_errors_total')).toEqual([{ labels: { controller: 'vms' }, value: 1 }]);
  const text = await registry.metrics();
  expect(text).toContain('workqueue_queue_duration_seconds_count{name="vms"} 3');
  expect(text).toContain('controller_runtime_reconcile_time_seconds_count{controller="vms"} 3');
});
