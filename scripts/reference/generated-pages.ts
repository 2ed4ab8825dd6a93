/** Every page under docs/ of which something is generated, as it should be. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { alertTable } from './alerts.ts';
import { apiReference } from './api-reference.ts';
import { withGenerated } from './generated-part.ts';
import { metricTable } from './metrics.ts';
import { protocolTables, rowTable } from './protocol.ts';

export const docsDirectory = join(import.meta.dirname, '..', '..', 'docs');

function protocolPage(): string {
  const page = readFileSync(join(docsDirectory, 'protocol.md'), 'utf8');
  return Object.entries(protocolTables).reduce((text, [name, rows]) => withGenerated(text, `rows of ${name}`, rowTable(rows)), page);
}

/** Text by file name. */
export function generatedPages(): Readonly<Record<string, string>> {
  return {
    'api-reference.md': apiReference(),
    'protocol.md': protocolPage(),
    'metrics-and-alerts.md': withGenerated(withGenerated(readFileSync(join(docsDirectory, 'metrics-and-alerts.md'), 'utf8'), 'metrics', metricTable()), 'alerts', alertTable()),
  };
}
