// Manifests in pages are ones that rtvm takes, and fields that pages name are in the schemas.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load, loadAll } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { fieldsOf } from '../../../scripts/reference/fields.ts';
import { capturedRun } from '../../../src/cli/captured-run.ts';
import { kindNames, kinds } from '../../../src/crds/resource.ts';
import { codeSpans, pages, root } from './pages.ts';

const blocks = pages.flatMap(({ path, blocks: all }) => all.filter(({ language }) => language === 'yaml').map(({ text, line }) => ({ where: `${path}:${line}`, text })));
const ours = blocks.filter(({ text }) => text.includes('apiVersion: rtvm.dev/'));

/** `spec.disks[].name`, of every kind. */
const fields: ReadonlySet<string> = new Set(kindNames.flatMap((kind) => fieldsOf(kinds[kind].schema.omit({ apiVersion: true, kind: true, metadata: true }), '').map(({ path }) => path.slice(1))));

/** A field of a page: without values and numbers of items, and whatever follows an ellipsis. */
function fieldPath(text: string): string {
  return text.replace(/[:=].*$/, '').replaceAll(/\[[^\]]*\]/g, '[]').replace(/\.$/, '');
}

function isField(path: string): boolean {
  return fields.has(path) || fields.has(path.replace(/\[\]$/, ''));
}

describe('manifests in pages', () => {
  it.each(ours)('$where validates', async ({ text }) => {
    const { exitCode, stderr } = await capturedRun(['validate', '-f', '-'], { stdin: text });
    // A class or image that another block of the page has is only warned of.
    expect(stderr.split('\n').filter((line) => line !== '' && !line.includes('is not among the files'))).toEqual([]);
    expect(exitCode).toBe(0);
  });

  it.each(blocks)('$where is YAML of Kubernetes', ({ text }) => {
    expect(loadAll(text).map((document) => typeof (document as { kind?: unknown }).kind)).not.toContain('undefined');
  });

  it('are enough to say so', () => {
    expect(ours.length).toBeGreaterThan(8);
  });
});

describe('fields that pages name', () => {
  const named = pages.flatMap((page) => codeSpans(page).filter((span) => /^(?:spec|status)\.\w/.test(span)).map((span) => ({ where: page.path, path: fieldPath(span) })));

  it('are fields of a kind', () => {
    expect(named.filter(({ path }) => !isField(path))).toEqual([]);
    expect(named.length).toBeGreaterThan(40);
  });

  const ourColumn = pages.filter(({ path }) => ['docs/comparison.md', 'docs/migration.md'].includes(path)).flatMap(({ path: where, prose }) => {
    const tables = prose.split(/\n(?=\|)|\n\n/).filter((line) => /^\| (?:.*\|){2}/.test(line));
    const mapped = tables.slice(tables.findIndex((line) => /^\| (?:Nova|KubeVirt) \| rtvm/.test(line)));
    return mapped.flatMap((line) => [...(line.split(' | ')[1] ?? '').matchAll(/`([a-z][A-Za-z]*(?:[.[][^`\s:]*)*)(?::[^`]*)?`/g)].map(([, path]) => ({ where, path: fieldPath(path!) })));
  });

  it('in the tables from Nova and KubeVirt are, too', () => {
    const known = (path: string) => [...fields].some((field) => field === path || field.endsWith(`.${path}`));
    expect(ourColumn.filter(({ path }) => !known(path))).toEqual([]);
    expect(ourColumn.length).toBeGreaterThan(30);
  });
});

describe('values of the chart that pages name', () => {
  const values = load(readFileSync(join(root, 'deploy/helm/rtvm/values.yaml'), 'utf8'));
  const named = pages.flatMap((page) => codeSpans(page).flatMap((span) => {
    const path = /^(?:agent|controller|crds|guard|metrics|networkPolicy|policies|rbac)\.[A-Za-z.]+/.exec(span)?.[0];
    return path === undefined ? [] : [{ where: page.path, path }];
  }));

  it('are there', () => {
    const isThere = (path: string) => path.split('.').reduce<unknown>((at, name) => (at as Readonly<Record<string, unknown>> | undefined)?.[name], values) !== undefined;
    expect(named.filter(({ path }) => !isThere(path))).toEqual([]);
    expect(named.length).toBeGreaterThan(12);
  });
});
