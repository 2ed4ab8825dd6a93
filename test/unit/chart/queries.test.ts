// Every query of the chart's alerts and dashboard is PromQL, and names only metrics and labels that the processes have.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parser } from '@prometheus-io/lezer-promql';
import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { metricFacts } from '../../../scripts/reference/metrics.ts';

const files = join(import.meta.dirname, '..', '..', '..', 'deploy/helm/rtvm/files');

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string };
}

const { groups } = load(readFileSync(join(files, 'alerts.yaml'), 'utf8')) as { readonly groups: readonly { readonly rules: readonly Alert[] }[] };
const alerts = groups.flatMap(({ rules }) => rules);
const { panels } = JSON.parse(readFileSync(join(files, 'dashboard.json'), 'utf8')) as { readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[] }[] };

/** What Prometheus has of every target, and what the chart's PodMonitor puts in. */
const targetLabels = ['job', 'node', 'namespace'];
const labelsOf = new Map<string, readonly string[]>([['up', []], ...metricFacts().map(({ name, labels }) => [name, labels] as const)]);

interface Query {
  readonly metrics: readonly string[];
  /** Of matchers, groupings and matchings of vectors. */
  readonly labels: readonly string[];
  readonly isWhole: boolean;
}

/** What is put in by the template, or by Grafana, is put in here. */
function parse(expression: string): Query {
  const text = expression.replace(/@\w+@/g, '1').replace('$__rate_interval', '5m');
  const [metrics, labels]: [string[], string[]] = [[], []];
  let isWhole = true;
  parser.parse(text).iterate({
    enter: ({ name, from, to, type }) => {
      if (type.isError) isWhole = false;
      if (name === 'Identifier') metrics.push(text.slice(from, to));
      if (name === 'LabelName') labels.push(text.slice(from, to));
    },
  });
  return { metrics, labels, isWhole };
}

const queries = [
  ...alerts.map(({ alert, expr }) => [alert, expr] as const),
  ...panels.flatMap(({ title, targets }) => targets.map(({ expr }, index) => [`${title} ${index + 1}`, expr] as const)),
];

test('a query that is none is found, and so are its names', () => {
  expect(parse('sum by (node (a)')).toMatchObject({ isWhole: false });
  expect(parse('max by (node) (rtvm_x{phase="y"}) > @z@')).toEqual({ metrics: ['rtvm_x'], labels: ['node', 'phase'], isWhole: true });
});

test.each(queries)('%s', (_, expression) => {
  const { metrics, labels, isWhole } = parse(expression);
  expect(isWhole).toBe(true);
  expect(metrics.filter((name) => !labelsOf.has(name))).toEqual([]);
  expect(metrics.length).toBeGreaterThan(0);
  const known = [...targetLabels, ...metrics.flatMap((name) => labelsOf.get(name)!)];
  expect(labels.filter((label) => !known.includes(label))).toEqual([]);
});

describe.each(alerts)('$alert', ({ expr, labels, annotations }) => {
  test('says what is wrong and what to do, with labels that its query leaves', () => {
    expect(['warning', 'critical']).toContain(labels.severity);
    const named = [...`${annotations.summary} ${annotations.description}`.matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label!);
    expect(named.filter((label) => !parse(expr).labels.includes(label))).toEqual([]);
    expect(annotations.description).toMatch(/kubectl|On node/);
  });
});

test('each legend names labels that its query leaves', () => {
  for (const { targets } of panels) {
    for (const { expr, legendFormat } of targets) {
      const named = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label!);
      expect(named.filter((label) => !parse(expr).labels.includes(label))).toEqual([]);
    }
  }
});
