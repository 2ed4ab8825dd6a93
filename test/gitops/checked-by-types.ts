// Checks manifests of other projects against the types that are generated from those projects' own schemas: every field known,
// every value of its type, nothing required missing.
import { join } from 'node:path';
import ts from 'typescript';
import { repository } from './argocd-files.ts';
import type { Manifest } from '../integration/support/chart.ts';

/** Module and name of each kind's type; the module of the one kind, since those of many take the compiler seconds. */
const types: Readonly<Record<string, readonly [string, string]>> = {
  'argoproj.io/v1alpha1 Application': ['@kubernetes-models/argo-cd/argoproj.io/v1alpha1/Application', 'IApplication'],
  'argoproj.io/v1alpha1 ApplicationSet': ['@kubernetes-models/argo-cd/argoproj.io/v1alpha1/ApplicationSet', 'IApplicationSet'],
  'argoproj.io/v1alpha1 AppProject': ['@kubernetes-models/argo-cd/argoproj.io/v1alpha1/AppProject', 'IAppProject'],
  'helm.toolkit.fluxcd.io/v2 HelmRelease': ['@kubernetes-models/flux-cd/helm.toolkit.fluxcd.io/v2/HelmRelease', 'IHelmRelease'],
  'kustomize.toolkit.fluxcd.io/v1 Kustomization': ['@kubernetes-models/flux-cd/kustomize.toolkit.fluxcd.io/v1/Kustomization', 'IKustomization'],
  'source.toolkit.fluxcd.io/v1 GitRepository': ['@kubernetes-models/flux-cd/source.toolkit.fluxcd.io/v1/GitRepository', 'IGitRepository'],
  'v1 ConfigMap': ['kubernetes-models/v1/ConfigMap', 'IConfigMap'],
  'v1 Namespace': ['kubernetes-models/v1/Namespace', 'INamespace'],
};

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext,
  strict: true, noEmit: true, skipLibCheck: true, types: [],
};

/** What the compiler says of them, each with the manifest's name; empty where nothing is wrong. @throws Error for a kind that it has no type of. */
export function problemsByType(manifests: readonly Manifest[]): readonly string[] {
  const names = manifests.map(({ kind, metadata: { name } }) => `${kind} ${name}`);
  const lines = manifests.map((manifest, index) => {
    const type = types[`${manifest.apiVersion} ${manifest.kind}`];
    if (type === undefined) throw new Error(`no type is known for ${manifest.apiVersion} ${manifest.kind}`);
    return `export const manifest${index}: import(${JSON.stringify(type[0])}).${type[1]} = ${JSON.stringify(manifest)};`;
  });
  // It is in no directory, but what it imports is looked for from there.
  const path = join(repository, 'test/gitops/manifests-as-code.mts');
  const disk = ts.createCompilerHost(options);
  const code = ts.createSourceFile(path, lines.join('\n'), ts.ScriptTarget.ES2022);
  const host: ts.CompilerHost = {
    ...disk,
    fileExists: (file) => file === path || disk.fileExists(file),
    getSourceFile: (file, ...rest) => (file === path ? code : disk.getSourceFile(file, ...rest)),
  };
  const program = ts.createProgram([path], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const about = file?.fileName === path && start !== undefined ? names[file.getLineAndCharacterOfPosition(start).line] : file?.fileName;
    return `${about ?? 'the compiler'}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
}
