// All that is generated of the chart, by its path in the repository.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { chartReadme } from './chart-readme.ts';
import { crdTemplate } from './crd-template.ts';
import { readValues } from './value-entries.ts';
import { valuesSchema } from './values-schema.ts';

const repository = join(import.meta.dirname, '..', '..');
const chart = 'deploy/helm/rtvm';

export const crdTemplates = `${chart}/templates/crds`;

/** Reads the CRDs and what people write of the chart. @returns text by path. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const read = (path: string) => readFileSync(join(repository, path), 'utf8');
  const values = readValues(read(`${chart}/values.yaml`));
  return new Map([
    ...readdirSync(join(repository, 'deploy/crds')).map((file) => [`${crdTemplates}/${file}`, crdTemplate(read(`deploy/crds/${file}`))] as const),
    [`${chart}/values.schema.json`, `${JSON.stringify(valuesSchema(values), undefined, 2)}\n`],
    [`${chart}/README.md`, chartReadme(read(`${chart}/README.in.md`), values)],
  ]);
}
