// The chart as helm renders it, without a cluster.
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { helm } from '../../testbed/helm.ts';
import { repository } from './local-host.ts';

export const chartDirectory = join(repository, 'deploy/helm/rtvm');
export const releaseNamespace = 'rtvm-system';

/** What all manifests have, and the parts that tests look into. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Readonly<Record<string, string>>; readonly annotations?: Readonly<Record<string, string>> };
  readonly [field: string]: unknown;
}

/** `helm template` as a person calls it. @returns its text. @throws Error with what helm says where it refuses. */
export async function renderText(...args: readonly string[]): Promise<string> {
  return renderChart(chartDirectory, ...args);
}

/** As {@link renderText}, of another chart than the repository's. */
export async function renderChart(chart: string, ...args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await helm(undefined, 'template', 'rtvm', chart, '--namespace', releaseNamespace, ...args);
  if (exitCode !== 0) throw new Error(stderr);
  return stdout;
}

export function manifestsIn(text: string): readonly Manifest[] {
  return loadAll(text).filter((document): document is Manifest => document !== null && document !== undefined);
}

/** `kind/name`. */
export function nameOf({ kind, metadata: { name } }: Manifest): string {
  return `${kind}/${name}`;
}

/** The one manifest of this kind and name. @throws Error naming those that there are. */
export function only(manifests: readonly Manifest[], name: string): Manifest {
  const found = manifests.filter((manifest) => nameOf(manifest) === name);
  if (found.length !== 1) throw new Error(`${found.length} of ${name} among ${manifests.map(nameOf).join(', ')}`);
  return found[0]!;
}
