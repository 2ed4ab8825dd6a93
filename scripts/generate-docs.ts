// Writes what docs/ says of schemas and metrics from the sources: `npm run generate`.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { docsDirectory, generatedPages } from './reference/generated-pages.ts';

for (const [name, text] of Object.entries(generatedPages())) {
  writeFileSync(join(docsDirectory, name), text);
  console.log(join(docsDirectory, name));
}
