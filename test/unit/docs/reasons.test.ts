// docs/operations.md knows every reason, finding and event that the code can say, and none that it cannot.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { codeSpans, pages, root } from './pages.ts';

const sources = globSync('src/**/*.ts', { cwd: root }).filter((path) => !/\.test\.ts$|\/testing\//.test(path)).map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));

/** Unions of words such as `export type RefusalReason = 'A' | 'B'`. */
function unions({ text }: { readonly text: string }): readonly string[] {
  return [...text.matchAll(/export type \w*(?:EventReason|RefusalReason|FailureReason|AuditReason|FindingCode|VmWait)\s*=((?:\s*\|?\s*'\w+')+)/g)].flatMap(([, words]) => words!.match(/\w+/g) ?? []);
}

/** Reasons that are written where a condition, report or refusal is made. */
function literals({ path, text }: { readonly path: string; readonly text: string }): readonly string[] {
  if (!/^src\/(?:controller|node-agent|realtime|crds\/definition)\//.test(path)) return [];
  const constants = path.startsWith('src/controller/') ? [...text.matchAll(/(?:\?\?|const \w+ =) '([A-Z][a-z]\w*)'/g)] : [];
  return [...text.matchAll(/reason: '([A-Z]\w+)'/g), ...text.matchAll(/(?:condition|verdict)\('\w+', [^,()]+, '([A-Z]\w+)'/g), ...constants].map(([, reason]) => reason!);
}

const said = new Set(sources.flatMap((source) => [...unions(source), ...literals(source)]));
/** A verdict, not a reason. */
said.delete('Unknown');

const page = pages.find(({ path }) => path === 'docs/operations.md')!;
const table = page.prose.slice(page.prose.indexOf('\n## Failure table'));
const told = new Set(codeSpans({ ...page, prose: table }));

describe('the failure table', () => {
  it('has every reason, finding and event', () => {
    expect(said.size).toBeGreaterThan(70);
    expect([...said].filter((word) => !told.has(word)).toSorted()).toEqual([]);
  });

  it('has each in one row, and none that nothing says', () => {
    const rows = [...table.matchAll(/^\| (`[^|]*`) \|/gm)].flatMap(([, cell]) => cell!.match(/\w+/g) ?? []);
    expect(rows.length).toBeGreaterThan(60);
    expect(rows.filter((word) => !said.has(word))).toEqual([]);
    expect(rows.filter((word, index) => rows.indexOf(word) !== index)).toEqual([]);
  });
});

it('docs/host-setup.md has every host check', () => {
  const checks = sources.filter(({ path }) => path.startsWith('src/realtime/checks/')).flatMap(({ text }) => [...text.matchAll(/name: '([a-z-]+)'/g)].map(([, name]) => name!));
  expect(checks.length).toBeGreaterThan(20);
  const named = codeSpans(pages.find(({ path }) => path === 'docs/host-setup.md')!);
  expect(checks.filter((name) => !named.includes(name))).toEqual([]);
});
