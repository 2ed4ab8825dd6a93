/** The table of alerts in docs/metrics-and-alerts.md, from the chart's. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { code, table } from './markdown.ts';

interface Alert {
  readonly alert: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string };
}

const file = join(import.meta.dirname, '..', '..', 'deploy', 'helm', 'rtvm', 'files', 'alerts.yaml');

export function alertTable(): string {
  const { groups } = load(readFileSync(file, 'utf8')) as { readonly groups: readonly { readonly rules: readonly Alert[] }[] };
  return table(['alert', 'severity', 'after', 'what it says', 'what to do'], groups.flatMap(({ rules }) => rules).map(({ alert, for: after = 'at once', labels, annotations }) => [
    code(alert), labels.severity, after, readable(annotations.summary), readable(annotations.description),
  ]));
}

/** What Prometheus and the chart put in, as words: `{{ $labels.node }}` is NODE, `{{ $value }}` is N. */
function readable(text: string): string {
  return text.replaceAll(/\{\{ *\$labels\.(\w+) *\}\}/g, (_, label: string) => label.toUpperCase()).replaceAll(/\{\{ *\$value[^}]*\}\}/g, 'N').replaceAll('@namespace@', 'rtvm-system');
}
