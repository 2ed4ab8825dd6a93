// What the chart and the kustomizations make, as objects by identity, without what only Helm reads.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { manifestsIn, renderText } from '../integration/support/chart.ts';
import type { Manifest } from '../integration/support/chart.ts';
import { kubernetesTools } from '../testbed/kubectl.ts';
import { repository } from './argocd-files.ts';

const run = promisify(execFile);

/** By `apiVersion kind namespace/name`. */
export type Manifests = ReadonlyMap<string, Manifest>;

/** Values that switch on what the component `monitoring` adds. */
export const monitoringValues = ['metrics.monitors.enabled=true', 'metrics.rules.enabled=true', 'metrics.dashboard.enabled=true'];

/** `helm template` of the chart with the release name and namespace that are agreed on, without its test pod. */
export async function chartObjects(values: readonly string[] = []): Promise<Manifests> {
  const text = await renderText(...['tests.enabled=false', ...values].flatMap((value) => ['--set', value]));
  return byIdentity(manifestsIn(text).map(withoutHelm));
}

/** What `kubectl kustomize` builds of a folder of the repository. */
export async function kustomizeObjects(folder: string): Promise<Manifests> {
  return byIdentity(manifestsIn(await kustomizeText(folder)));
}

/** As {@link kustomizeObjects}, as the YAML that it prints. */
export async function kustomizeText(folder: string): Promise<string> {
  const { kubectl } = await kubernetesTools();
  return (await run(kubectl, ['kustomize', join(repository, folder)], { maxBuffer: 1 << 26 })).stdout;
}

function byIdentity(manifests: readonly Manifest[]): Manifests {
  const all = new Map(manifests.map((manifest) => [identity(manifest), manifest]));
  if (all.size !== manifests.length) throw new Error(`an object is there twice among ${manifests.map(identity).join(', ')}`);
  return all;
}

function identity({ apiVersion, kind, metadata: { namespace = '', name } }: Manifest): string {
  return `${apiVersion} ${kind} ${namespace}/${name}`;
}

/** Labels that say which Helm release of which chart an object is of, and an annotation that only Helm reads. */
const helmsOwn = new Set(['helm.sh/chart', 'helm.sh/resource-policy', 'app.kubernetes.io/managed-by']);

function withoutHelm(manifest: Manifest): Manifest {
  const { labels, annotations, ...metadata } = manifest.metadata;
  const own = (map: Readonly<Record<string, string>> | undefined) => Object.fromEntries(Object.entries(map ?? {}).filter(([key]) => !helmsOwn.has(key)));
  const [ownLabels, ownAnnotations] = [own(labels), own(annotations)];
  return {
    ...manifest,
    metadata: {
      ...metadata,
      ...(Object.keys(ownLabels).length === 0 ? {} : { labels: ownLabels }),
      ...(Object.keys(ownAnnotations).length === 0 ? {} : { annotations: ownAnnotations }),
    },
  };
}
