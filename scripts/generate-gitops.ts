// Writes what is generated under deploy/argocd: `npm run generate:gitops`.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { argocdFiles, committedTestdata, repository } from '../test/gitops/argocd-files.ts';

const files = argocdFiles();
for (const path of committedTestdata()) if (!files.has(path)) rmSync(join(repository, path));
for (const [path, text] of files) {
  mkdirSync(dirname(join(repository, path)), { recursive: true });
  writeFileSync(join(repository, path), text);
}
console.log(`${files.size} files under deploy/argocd`);
