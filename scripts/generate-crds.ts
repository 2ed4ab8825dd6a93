// Writes deploy/crds/ from the schemas and rules in src/crds: `npm run generate`.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { definitionFile, definitionFileName } from '../src/crds/definition/definition.ts';
import { kindNames } from '../src/crds/resource.ts';

const directory = join(import.meta.dirname, '..', 'deploy', 'crds');
mkdirSync(directory, { recursive: true });
for (const kind of kindNames) {
  const file = join(directory, definitionFileName(kind));
  writeFileSync(file, definitionFile(kind));
  console.log(file);
}
