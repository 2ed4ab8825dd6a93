// The chart as helm renders it, over values that differ in everything: snapshots, Kubernetes' own schema, and what helm refuses.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { beforeAll, describe, expect, it } from 'vitest';
import { register as registerAgent } from '../../src/cli/commands/agent.ts';
import { register as registerController } from '../../src/cli/commands/controller.ts';
import { Io } from '../../src/cli/io.ts';
import { helm } from '../testbed/helm.ts';
import { wildcardProblemsOf } from './support/admission-rules.ts';
import { problemsOf } from './support/built-in-kinds.ts';
import { chartDirectory, manifestsIn, nameOf, only, renderText } from './support/chart.ts';
import type { Manifest } from './support/chart.ts';
import { repository } from './support/local-host.ts';

const fixtures = join(repository, 'test/fixtures/chart');
const matrix = readdirSync(fixtures).filter((file) => file.endsWith('.values.yaml')).map((file) => file.replace('.values.yaml', ''));
/** Kinds of the Prometheus operator, whose schemas come with it. */
const foreign = 'monitoring.coreos.com/v1';

const rendered = new Map<string, string>();

beforeAll(async () => {
  await Promise.all(matrix.map(async (name) => rendered.set(name, await renderText('--values', join(fixtures, `${name}.values.yaml`), '--set', 'crds.install=false'))));
}, 120_000);

it.each(matrix)('%s values: it passes the strict linter', async (name) => {
  const { exitCode, stdout, stderr } = await helm(undefined, 'lint', '--strict', chartDirectory, '--values', join(fixtures, `${name}.values.yaml`));
  expect({ exitCode, stdout, stderr }).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('1 chart(s) linted, 0 chart(s) failed') as unknown });
});

describe.each(matrix)('%s values', (name) => {
  const manifests = () => manifestsIn(rendered.get(name)!);

  it('give what they gave before', async () => {
    await expect(rendered.get(name)).toMatchFileSnapshot(join(fixtures, `${name}.yaml`));
  });

  it('give manifests that Kubernetes\' own schema accepts', async () => {
    const builtIn = manifests().filter(({ apiVersion }) => apiVersion !== foreign);
    expect(builtIn.length).toBeGreaterThan(1);
    expect((await Promise.all(builtIn.map(problemsOf))).flat()).toEqual([]);
    expect(builtIn.flatMap(wildcardProblemsOf)).toEqual([]);
  });

  it('give no two manifests of one name, and labels to all of them', () => {
    const names = manifests().map(nameOf);
    expect(new Set(names).size).toBe(names.length);
    expect(manifests().filter(({ metadata: { labels } }) => labels?.['app.kubernetes.io/instance'] !== 'rtvm' || labels['helm.sh/chart'] === undefined).map(nameOf)).toEqual([]);
  });

  it('give command lines that rtvm reads', () => {
    for (const workload of manifests().filter(({ kind }) => kind === 'Deployment' || kind === 'DaemonSet')) {
      const [name, ...args] = podOf(workload).containers[0]!.args;
      const command = commands().find((candidate) => candidate.name() === name)!;
      expect(command.parseOptions(args)).toEqual({ operands: [], unknown: [] });
    }
  });

  it('let nobody become more than the pod says', () => {
    for (const workload of manifests().filter(({ kind }) => kind === 'Deployment' || kind === 'DaemonSet')) {
      const { containers, ...pod } = podOf(workload);
      expect(containers.map(({ securityContext }) => securityContext)).toEqual([expect.objectContaining({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true })]);
      expect(pod.securityContext).toMatchObject({ seccompProfile: { type: 'RuntimeDefault' } });
      expect(containers[0]!.securityContext.capabilities).toEqual(workload.kind === 'Deployment' ? { drop: ['ALL'] } : { drop: ['ALL'], add: ['SYS_NICE'] });
    }
  });
});

it('has the schema checker find what is wrong', async () => {
  const good = only(manifestsIn(rendered.get('default')!), 'Deployment/rtvm-controller');
  const { template, ...spec } = good['spec'] as { template: { spec: object } };
  const wrong = { ...good, spec: { ...spec, replicas: 'two', template: { spec: { ...template.spec, hostPid: true } } } };
  expect((await problemsOf(wrong)).join('\n')).toMatch(/replicas[^]*Deployment\/rtvm-controller\.spec\.template\.spec\.hostPid: there is no such field in V1PodSpec/);
});

it('has the checker of wildcards find what the API server refuses', () => {
  const good = only(manifestsIn(rendered.get('default')!), 'ValidatingAdmissionPolicy/rtvm-agent-own-node');
  const of = (...resources: readonly string[]) => wildcardProblemsOf({ ...good, spec: { matchConstraints: { resourceRules: [{ resources }] } } });
  expect(of('*', '*/*')).toEqual(['ValidatingAdmissionPolicy/rtvm-agent-own-node.spec.matchConstraints.resourceRules[0].resources: where */* is, nothing may be that it includes; found *, */*']);
  expect([of('*', 'pods'), of('*/status', 'pods/status'), of('pods/*', 'pods/log')].map(({ length }) => length)).toEqual([1, 1, 1]);
  expect([of('*/*'), of('*', 'pods/status'), of('*/status', 'pods')].flat()).toEqual([]);
});

it('shows the CRDs that deploy/crds has, to the letter but for helm\'s labels', async () => {
  const strip = ({ metadata, ...rest }: Manifest) => ({ ...rest, metadata: { name: metadata.name } });
  const inChart = manifestsIn(await renderText()).filter(({ kind }) => kind === 'CustomResourceDefinition');
  const committed = readdirSync(join(repository, 'deploy/crds')).flatMap((file) => manifestsIn(readFileSync(join(repository, 'deploy/crds', file), 'utf8')));
  const byName = (one: Manifest, other: Manifest) => (one.metadata.name < other.metadata.name ? -1 : 1);
  expect(inChart.toSorted(byName).map(strip)).toEqual(committed.toSorted(byName).map(strip));
  expect(inChart.map(({ metadata }) => metadata.annotations)).toEqual(inChart.map(() => ({ 'helm.sh/resource-policy': 'keep' })));
});

it.each<[string, readonly string[], string]>([
  ['a value that there is not', ['--set', 'controller.replica=3'], "at '/controller': additional properties 'replica' not allowed"],
  ['a text for a number', ['--set-string', 'controller.replicas=3'], "at '/controller/replicas': got string, want integer"],
  ['CPUs that are no list', ['--set', 'agent.cpuList=all'], "at '/agent/cpuList': 'all' does not match pattern"],
  ['a directory that is no path', ['--set', 'agent.stateDir=var/lib'], "at '/agent/stateDir': 'var/lib' does not match pattern"],
  ['a directory that is a template', ['--set', 'agent.stateDir=/x}}{{'], "at '/agent/stateDir'"],
  ['a host of the page with its port', ['--set', 'controller.ui.hosts={rtvm.example:443}'], "at '/controller/ui/hosts/0': 'rtvm.example:443' does not match pattern"],
  ['an unknown level', ['--set', 'agent.logLevel=trace'], "at '/agent/logLevel': value must be one of 'debug', 'info', 'warn', 'error'"],
  ['images from everywhere', ['--set', 'agent.allowUrls={*}'], "at '/agent/allowUrls/0': '*' does not match pattern"],
  ['a toleration of no kind', ['--set-json', 'agent.tolerations=[{"keys":"x"}]'], "at '/agent/tolerations/0': additional properties 'keys' not allowed"],
  ['a label that Kubernetes takes from nobody', ['--set', 'commonLabels.team=edge one'], "at '/commonLabels/team': 'edge one' does not match pattern"],
  ['a digest of another kind', ['--set', 'image.digest=md5:1'], "at '/image/digest': 'md5:1' does not match pattern"],
  ['a cluster that is too old', ['--kube-version', '1.30.9'], 'chart requires kubeVersion: >=1.31.0-0 which is incompatible with Kubernetes v1.30.9'],
])('refuses %s, and says where', async (_, args, message) => {
  await expect(renderText(...args)).rejects.toThrow(message);
});

it('takes the versions that providers give their clusters', async () => {
  await expect(renderText('--kube-version', 'v1.31.2-gke.100', '--set', 'crds.install=false')).resolves.toContain('kind: DaemonSet');
});

interface PodSpec {
  readonly securityContext: object;
  readonly containers: readonly { readonly args: readonly string[]; readonly securityContext: Readonly<Record<string, unknown>> }[];
}

function podOf(workload: Manifest): PodSpec {
  return (workload['spec'] as { readonly template: { readonly spec: PodSpec } }).template.spec;
}

/** Those that the image's program has for the two pods. */
function commands(): readonly Command[] {
  const program = new Command().exitOverride();
  for (const register of [registerController, registerAgent]) register(program, new Io(process));
  return program.commands;
}
