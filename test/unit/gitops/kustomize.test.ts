import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repository } from '../../gitops/argocd-files.ts';
import { chartObjects, kustomizeObjects, monitoringValues } from '../../gitops/chart-objects.ts';
import type { Manifest } from '../../integration/support/chart.ts';
import { kustomizeFiles } from '../../gitops/kustomize-files.ts';

/** Keys of annotations that tell a GitOps tool what to do: what an overlay for pipelines adds. */
const forPipelines = /^(argocd\.argoproj\.io|kustomize\.toolkit\.fluxcd\.io)\//;

function withoutPipelines(manifest: Manifest): Manifest {
  const { annotations, ...metadata } = manifest.metadata;
  const others = Object.entries(annotations ?? {}).filter(([key]) => !forPipelines.test(key));
  return { ...manifest, metadata: { ...metadata, ...(others.length === 0 ? {} : { annotations: Object.fromEntries(others) }) } };
}

describe('deploy/kustomize', () => {
  it('has what "npm run generate" makes of the chart', async () => {
    for (const [path, text] of await kustomizeFiles()) expect(readFileSync(join(repository, path), 'utf8') === text, `${path} is not what "npm run generate" makes`).toBe(true);
  });

  it('builds the very objects that "helm template" prints', async () => {
    expect(await kustomizeObjects('deploy/kustomize/base')).toEqual(await chartObjects());
  });

  it.each([['gitops', []], ['monitoring', monitoringValues]])('builds them in overlays/%s too, and the namespace', async (overlay, values) => {
    const built = new Map(await kustomizeObjects(`deploy/kustomize/overlays/${overlay}`));
    const namespace = 'v1 Namespace /rtvm-system';
    expect(built.get(namespace)?.metadata.labels).toEqual({ 'pod-security.kubernetes.io/enforce': 'privileged' });
    // What holds every VM of the cluster is not pruned.
    for (const [name, { kind, metadata: { annotations } }] of built) {
      const isKept = kind === 'Namespace' || kind === 'CustomResourceDefinition';
      expect([name, annotations?.['argocd.argoproj.io/sync-options']?.startsWith('Prune=false,Delete=false') ?? false, annotations?.['kustomize.toolkit.fluxcd.io/prune']]).toEqual([name, isKept, isKept ? 'disabled' : undefined]);
    }
    built.delete(namespace);
    expect(new Map([...built].map(([name, manifest]) => [name, withoutPipelines(manifest)]))).toEqual(await chartObjects(values));
  });
});
