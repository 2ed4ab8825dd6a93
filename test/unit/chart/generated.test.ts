// What of the chart is generated, and what it says of itself, is what its sources say.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { expect, test } from 'vitest';
import { crdTemplate } from '../../../scripts/chart/crd-template.ts';
import { crdTemplates, generatedFiles } from '../../../scripts/chart/generated-files.ts';
import { readValues } from '../../../scripts/chart/value-entries.ts';
import { kinds } from '../../../src/crds/resource.ts';

const repository = join(import.meta.dirname, '..', '..', '..');
const read = (path: string) => readFileSync(join(repository, path), 'utf8');

test.each([...generatedFiles()])('%s is what "npm run generate" writes', (path, text) => {
  expect(read(path)).toBe(text);
});

test('there is a template for each CRD, and none of another', () => {
  expect(readdirSync(join(repository, crdTemplates))).toEqual(readdirSync(join(repository, 'deploy/crds')));
});

test('braces in a CRD are text, not template', () => {
  const template = crdTemplate('# Generated\napiVersion: v1\nkind: X\nmetadata:\n  name: x.y\nspec:\n  message: "{{ .Values }} {{{"\n');
  expect(template).toContain('  message: "{{ "{{" }} .Values }} {{ "{{" }}{"\n');
  expect(() => crdTemplate('metadata:\n  name: x.y\n  labels: {}\n')).toThrow('no labels or annotations of its own');
});

test.each([
  ['a: 1\n', 'values.yaml: a has no comment that begins with "--"'],
  ['# -- What.\n# @schema {minimum: 1}\na: 1\n', 'values.yaml: a: its @schema is no JSON: {minimum: 1}'],
  ['a: [\n', 'values.yaml: '],
])('values without what the generator needs are refused: %j', (text, message) => {
  expect(() => readValues(text)).toThrow(message);
});

test('Chart.yaml names the version of the package, and the kinds that there are', () => {
  const chart = load(read('deploy/helm/rtvm/Chart.yaml')) as { readonly version: string; readonly appVersion: string; readonly annotations: Readonly<Record<string, string>> };
  const { version } = JSON.parse(read('package.json')) as { readonly version: string };
  expect([chart.version, chart.appVersion]).toEqual([version, version]);
  const told = load(chart.annotations['artifacthub.io/crds']!) as readonly { readonly kind: string; readonly name: string }[];
  expect(told.map(({ kind, name }) => [kind, name]).sort()).toEqual(Object.entries(kinds).map(([kind, { plural }]) => [kind, `${plural}.rtvm.dev`]).sort());
  expect(chart.annotations['artifacthub.io/images']).toContain(`ghcr.io/rtvm-dev/rtvm:${version}`);
});
