/** Work queues and reconciles, by the names and buckets that controller-runtime gives them, so that its dashboards fit. */
import { Counter, Gauge, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';
import type { WorkQueueObserver } from '../../runtime/work-queue.ts';

/** Ten times each, from 10 ns to 1000 s, as client-go has them. */
const queueBuckets = Array.from({ length: 12 }, (_, power) => 10 ** (power - 8));
const reconcileBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** @returns what counts one queue, by its name. */
export function queueMetrics(registry: Registry): (name: string) => WorkQueueObserver {
  const registers = [registry];
  const byName = { labelNames: ['name'], registers };
  const byController = { labelNames: ['controller'], registers };
  const depth = new Gauge({ name: 'workqueue_depth', help: 'Keys that wait and are due.', ...byName });
  const adds = new Counter({ name: 'workqueue_adds_total', help: 'Keys that came in.', ...byName });
  const waits = new Histogram({ name: 'workqueue_queue_duration_seconds', help: 'How long keys waited.', buckets: queueBuckets, ...byName });
  const work = new Histogram({ name: 'workqueue_work_duration_seconds', help: 'How long keys were at work.', buckets: queueBuckets, ...byName });
  const retries = new Counter({ name: 'workqueue_retries_total', help: 'Keys that are tried again after an error.', ...byName });
  const reconciles = new Counter({ name: 'controller_runtime_reconcile_total', help: 'Reconciles, by result.', labelNames: ['controller', 'result'], registers });
  const errors = new Counter({ name: 'controller_runtime_reconcile_errors_total', help: 'Reconciles that failed.', ...byController });
  const time = new Histogram({ name: 'controller_runtime_reconcile_time_seconds', help: 'How long reconciles took.', buckets: reconcileBuckets, ...byController });
  return (name) => ({
    added: () => adds.inc({ name }),
    depth: (keys) => depth.set({ name }, keys),
    started: (waitedMs) => waits.observe({ name }, waitedMs / 1000),
    finished: (workedMs, result) => {
      work.observe({ name }, workedMs / 1000);
      time.observe({ controller: name }, workedMs / 1000);
      reconciles.inc({ controller: name, result });
      if (result === 'error') errors.inc({ controller: name });
    },
    retried: () => retries.inc({ name }),
  });
}
