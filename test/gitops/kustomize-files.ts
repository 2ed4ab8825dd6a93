// What is generated under deploy/kustomize from the chart.
import { isDeepStrictEqual } from 'node:util';
import { dump } from 'js-yaml';
import { chartObjects, monitoringValues } from './chart-objects.ts';
import type { Manifest } from '../integration/support/chart.ts';

const madeBy = '# Generated from deploy/helm/rtvm by "npm run generate"; do not edit.\n';

/** Content by path below the repository. @throws Error where the monitoring values do more than add objects. */
export async function kustomizeFiles(): Promise<ReadonlyMap<string, string>> {
  const [plain, monitored] = [await chartObjects(), await chartObjects(monitoringValues)];
  for (const [name, manifest] of plain) {
    if (!isDeepStrictEqual(monitored.get(name), manifest)) throw new Error(`${name} is another with metrics.monitors, rules and dashboard on: a component that only adds resources cannot say that`);
  }
  const added = [...monitored].filter(([name]) => !plain.has(name)).map(([, manifest]) => manifest);
  const isCrd = ({ kind }: Manifest) => kind === 'CustomResourceDefinition';
  return new Map([
    ['deploy/kustomize/base/crds.yaml', yaml([...plain.values()].filter(isCrd))],
    ['deploy/kustomize/base/rtvm.yaml', yaml([...plain.values()].filter((manifest) => !isCrd(manifest)))],
    ['deploy/kustomize/components/monitoring/monitoring.yaml', yaml(added)],
  ]);
}

function yaml(manifests: readonly Manifest[]): string {
  return madeBy + manifests.map((manifest) => dump(manifest, { lineWidth: -1, noRefs: true })).join('---\n');
}
