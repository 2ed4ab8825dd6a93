// Writes what is generated of the chart, after the CRDs: `npm run generate`.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crdTemplates, generatedFiles } from './chart/generated-files.ts';

const repository = join(import.meta.dirname, '..');
const files = generatedFiles();
rmSync(join(repository, crdTemplates), { recursive: true, force: true });
mkdirSync(join(repository, crdTemplates), { recursive: true });
for (const [path, text] of files) {
  writeFileSync(join(repository, path), text);
  console.log(join(repository, path));
}
