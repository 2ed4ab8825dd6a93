import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { repository } from '../../gitops/argocd-files.ts';
import { kustomizeObjects } from '../../gitops/chart-objects.ts';
import type { Manifest } from '../../integration/support/chart.ts';
import { problemsByType } from '../../gitops/checked-by-types.ts';

const folders = ['deploy/argocd/applications', 'deploy/flux', 'deploy/flux/rtvm'];
const built = new Map(await Promise.all(folders.map(async (folder) => [folder, [...(await kustomizeObjects(folder)).values()]] as const)));
const all = [...built.values()].flat();
const configMap = loadAll(readFileSync(join(repository, 'deploy/argocd/argocd-cm.yaml'), 'utf8')) as Manifest[];

/** Every value under one of these keys, however deep. */
function valuesOf(value: unknown, key: string): readonly unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, item]) => (name === key ? [item as unknown] : valuesOf(item, key)));
}

describe('what Argo CD and Flux are told', () => {
  it('is as their own schemas have it', () => {
    const misspelt = { ...all.find(({ kind }) => kind === 'HelmRelease')!, spec: { intervall: '1h' } };
    expect(problemsByType([...all, ...configMap, misspelt])).toEqual([expect.stringMatching(/^HelmRelease rtvm: .*"intervall".* does not exist in type/s)]);
  });

  it('names folders of this repository', () => {
    const paths = all.flatMap((manifest) => [...valuesOf(manifest, 'path'), ...valuesOf(manifest, 'chart')]).filter((path): path is string => typeof path === 'string' && !path.includes('{{'));
    expect(paths.length).toBeGreaterThan(6);
    for (const path of paths) expect([path, existsSync(join(repository, path.replace(/\/\*$/, '')))]).toEqual([path, true]);
  });

  it('leaves no team out, and lets each into its own namespace', () => {
    const teams = readdirSync(join(repository, 'examples/gitops/tenants')).toSorted();
    const flux = all.filter(({ kind, metadata: { name } }) => kind === 'Kustomization' && name.startsWith('rtvm-tenant-'));
    expect(flux.flatMap((manifest) => valuesOf(manifest, 'targetNamespace')).toSorted()).toEqual(teams);
    const project = all.find(({ kind, metadata: { name } }) => kind === 'AppProject' && name === 'rtvm-tenants');
    expect(valuesOf(project, 'destinations').flatMap((destinations) => (destinations as readonly { namespace: string }[]).map(({ namespace }) => namespace)).toSorted()).toEqual(teams);
  });
});
