// What docs/ says of schemas and metrics is what the code has: "npm run generate" would change nothing.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { docsDirectory, generatedPages } from '../../../scripts/reference/generated-pages.ts';
import { metricFacts } from '../../../scripts/reference/metrics.ts';

const root = join(import.meta.dirname, '../../..');
const read = (path: string) => readFileSync(path, 'utf8');

describe('generated documentation', () => {
  it.each(Object.entries(generatedPages()))('%s is what "npm run generate" writes', (name, text) => {
    expect(read(join(docsDirectory, name))).toBe(text);
  });

  it('lists every metric that the sources register', () => {
    const sources = globSync('src/**/*.ts', { cwd: root }).filter((path) => !path.endsWith('.test.ts')).map((path) => read(join(root, path)));
    const made = sources.flatMap((source) => [...source.matchAll(/new (?:Counter|Gauge|Histogram|Summary)\(\{\s*name: '(\w+)'|\bgauge\('(\w+)'/g)].map(([, plain, own]) => plain ?? own));
    expect(metricFacts().map(({ name }) => name).toSorted()).toEqual([...new Set(made)].toSorted());
  });
});
