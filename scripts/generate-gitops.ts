// Writes what is generated under deploy/argocd and deploy/kustomize: part of `npm run generate`.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { argocdFiles, committedTestdata, repository } from '../test/gitops/argocd-files.ts';
import { kustomizeFiles } from '../test/gitops/kustomize-files.ts';

const argocd = argocdFiles();
for (const path of committedTestdata()) if (!argocd.has(path)) rmSync(join(repository, path));
for (const [path, text] of [...argocd, ...await kustomizeFiles()]) {
  mkdirSync(dirname(join(repository, path)), { recursive: true });
  writeFileSync(join(repository, path), text);
}
console.log(`deploy/argocd and deploy/kustomize from deploy/helm/rtvm, and statuses as src/controller writes them`);
