// What a GitOps pipeline does, against a real API server: examples and overlays applied as it applies them, and the health of
// every state of a VM as Flux and kstatus read it. Flux evaluates CEL with cel-go, as the API server does; kstatus is Helm's.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dump } from 'js-yaml';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { kustomizeText } from '../gitops/chart-objects.ts';
import { repository } from '../gitops/argocd-files.ts';
import { fluxPolicies, fluxReading } from '../gitops/flux-policy.ts';
import { nodeStates } from '../gitops/other-states.ts';
import { vmStates } from '../gitops/vm-states.ts';
import { describeWithKubeApi } from '../testbed/describe-with-kube-api.ts';
import { helm } from '../testbed/helm.ts';
import { installCrds } from '../testbed/install-crds.ts';
import { startKubeApi } from '../testbed/kube-api.ts';
import type { KubeApi } from '../testbed/kube-api.ts';
import { kubectl } from '../testbed/kubectl.ts';
import { until } from './support/until.ts';

/** What is undefined is not there. */
function yaml(object: object): string {
  return dump(JSON.parse(JSON.stringify(object)), { noRefs: true });
}

describeWithKubeApi('a GitOps pipeline', () => {
  let api: KubeApi;

  beforeAll(async () => {
    api = await startKubeApi();
    await installCrds(api);
  });

  afterAll(async () => {
    await api.stop();
  });

  /** What kubectl prints; its refusals fail the test. */
  async function told(...args: readonly string[]): Promise<{ readonly stdout: string; readonly stderr: string }> {
    const { exitCode, stdout, stderr } = await kubectl(api.kubeconfigPath, ...args);
    expect({ args, exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ args, exitCode: 0, stderr: '' });
    return { stdout, stderr };
  }

  /** A manifest as a file, for kubectl. */
  function file(name: string, objects: readonly object[]): string {
    const path = join(api.dir, name);
    writeFileSync(path, objects.map(yaml).join('---\n'));
    return path;
  }

  it('applies the examples in their order, each taken by a dry run first, and finds nothing to change afterwards', async () => {
    const folders = ['examples/gitops/cluster', 'examples/gitops/tenants/ran', 'examples/gitops/tenants/factory', 'examples'];
    // What is in a namespace cannot be tried before the namespace is there: so for a pipeline too.
    await told('apply', '--server-side', '-k', join(repository, 'examples/gitops/cluster/namespaces'));
    for (const folder of folders) {
      const objects = (await kustomizeText(folder)).match(/^kind: /gm)?.length;
      for (const dryRun of [['--dry-run=server'], []]) {
        const { stdout, stderr } = await told('apply', '--server-side', ...dryRun, '-k', join(repository, folder));
        expect({ folder, stderr, applied: stdout.trim().split('\n').length }).toEqual({ folder, stderr: '', applied: objects });
      }
    }
    for (const folder of folders) expect((await told('diff', '--server-side', '-k', join(repository, folder))).stdout).toBe('');
  });

  it('reads every state of a VM and a node as Flux should, and as kstatus does with no help', async () => {
    await told('apply', '-f', file('policies.yaml', fluxPolicies()));
    await told('apply', '-f', file('namespace.yaml', [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'health' } }]));
    const vms = vmStates().map(({ vm, ...readings }) => ({ ...readings, vm: { ...vm, metadata: { name: vm.metadata.name, namespace: 'health' } } }));
    const nodes = nodeStates();

    // Helm makes the VMs, so that Helm can be asked how they are.
    const chart = join(api.dir, 'states');
    mkdirSync(join(chart, 'templates'), { recursive: true });
    writeFileSync(join(chart, 'Chart.yaml'), dump({ apiVersion: 'v2', name: 'states', version: '1.0.0' }));
    writeFileSync(join(chart, 'templates', 'vms.yaml'), vms.map(({ vm }) => yaml({ ...vm, status: undefined })).join('---\n'));
    expect(await helm(api.kubeconfigPath, 'upgrade', '--install', 'states', chart, '--namespace', 'health', '--wait=hookOnly')).toMatchObject({ exitCode: 0 });
    await told('apply', '-f', file('nodes.yaml', nodes.map(({ node }) => ({ ...node, status: undefined }))));
    await told('patch', 'rtvm', '-n', 'health', 'changed', '--type=merge', '-p', '{"spec":{"restartedAt":"2026-01-31T12:00:00Z"}}');

    const withStatus = [...vms.map(({ vm }) => vm), ...nodes.map(({ node }) => node).filter(({ status }) => status !== undefined)];
    // Replaced as the controller does it: the Ready=Unknown that a new VM has by default goes, where the status has none.
    const statuses = file('statuses.yaml', withStatus);
    const write = async () => (await told('replace', '--subresource=status', '-f', statuses)).stderr;
    // A policy is not looked at in the moment in which it is made.
    const warnings = await until('the policies are at work', async () => {
      const told = await write();
      return told.includes('RealtimeVM is current: verified') && told.includes('RealtimeNode is current: reported') && told;
    });

    // Before it looks at any expression, Flux waits while a status is of an earlier generation.
    const isBehind = (name: string) => name === 'progressing_changed';
    expect(vms.map(({ name, vm }) => [name, isBehind(name) ? 'InProgress' : fluxReading(warnings, 'RealtimeVM', vm.metadata.name)])).toEqual(vms.map(({ name, flux }) => [name, flux]));
    expect(fluxReading(warnings, 'RealtimeVM', 'changed')).toBe('Current');
    expect(nodes.map(({ name, node }) => [name, fluxReading(warnings, 'RealtimeNode', node.metadata.name)])).toEqual(nodes.map(({ name, flux }) => [name, flux]));

    const read = await kstatus(chart);
    expect(vms.map(({ name, vm }) => [name, read.get(vm.metadata.name) ?? 'Current'])).toEqual(vms.map(({ name, kstatus }) => [name, kstatus]));
  });

  /** What Helm says of those that are not current when it has waited long enough to have seen all of them. */
  async function kstatus(chart: string): Promise<ReadonlyMap<string, string>> {
    for (const seconds of [5, 20, 60]) {
      const { stderr } = await helm(api.kubeconfigPath, 'upgrade', 'states', chart, '--namespace', 'health', '--wait=watcher', `--timeout=${seconds}s`);
      const read = new Map([...stderr.matchAll(/resource RealtimeVM\/health\/(\S+) not ready\. status: (\w+)/g)].map(([, name, status]) => [name!, status!]));
      if (read.size > 0 && ![...read.values()].includes('Unknown')) return read;
    }
    throw new Error('Helm has not seen every VM within a minute');
  }
});
