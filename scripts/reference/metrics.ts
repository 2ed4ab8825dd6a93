/** The table of metrics in docs/metrics-and-alerts.md, from the registries that the processes make. */
import type { Registry } from 'prom-client';
import { agentMetrics } from '../../src/cli/metrics/agent-metrics.ts';
import { guardMetrics } from '../../src/cli/metrics/guard-metrics.ts';
import { invariantMetrics } from '../../src/cli/metrics/invariant-metrics.ts';
import { leaderMetric } from '../../src/cli/metrics/leader-metric.ts';
import { queueMetrics } from '../../src/cli/metrics/queue-metrics.ts';
import { newRegistry } from '../../src/cli/metrics/registry.ts';
import { requestMetrics } from '../../src/cli/metrics/request-metrics.ts';
import { machineClock } from '../../src/runtime/clock.ts';
import { vmMetrics } from '../../src/cli/metrics/vm-metrics.ts';
import { code, table } from './markdown.ts';

export interface MetricFact {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  readonly help: string;
  readonly processes: readonly ('controller' | 'agent')[];
}

/** As each process registers them, in the order of their names, ours first. */
export function metricFacts(): readonly MetricFact[] {
  const facts = new Map<string, MetricFact>();
  for (const [process, registry] of [['controller', controllerRegistry()], ['agent', agentRegistry()]] as const) {
    // What a metric is called by its own type is not in prom-client's declarations.
    for (const metric of registry.getMetricsAsArray() as unknown as readonly { readonly name: string; readonly help: string; readonly type: string; readonly labelNames: readonly string[] }[]) {
      const { name, help, type, labelNames } = metric;
      facts.set(name, { name, help, type, labels: labelNames, processes: [...(facts.get(name)?.processes ?? []), process] });
    }
  }
  const ours = (name: string) => (name.startsWith('rtvm_') ? 0 : 1);
  return [...facts.values()].toSorted((one, other) => ours(one.name) - ours(other.name) || (one.name < other.name ? -1 : 1));
}

export function metricTable(): string {
  return table(['metric', 'type', 'labels', 'of', 'what it is'], metricFacts().map(({ name, type, labels, processes, help }) => [
    code(name), type, labels.map(code).join(' '), processes.length === 2 ? 'both' : processes[0]!, help,
  ]));
}

function controllerRegistry(): Registry {
  const registry = newRegistry('0');
  requestMetrics(registry, 'kubernetes');
  leaderMetric(registry, 'rtvm-controller');
  vmMetrics(registry, machineClock);
  guardMetrics(registry);
  invariantMetrics(registry);
  queueMetrics(registry);
  return registry;
}

function agentRegistry(): Registry {
  const registry = newRegistry('0');
  requestMetrics(registry, 'kubernetes');
  agentMetrics(registry, 'node', { auditsOnTime: () => true, libvirtReached: () => true, observe: () => undefined });
  queueMetrics(registry);
  return registry;
}
