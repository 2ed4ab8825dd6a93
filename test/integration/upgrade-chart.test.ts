// The upgrade contract of the chart (docs/decisions/0011-upgrade-contract.md): with default values no pod and no
// account may do more than in the base release, and the CRDs take whatever they took.
import { beforeAll, describe, expect, it } from 'vitest';
import { baseRelease } from '../testbed/base-release.ts';
import { chartDirectory, manifestsIn, nameOf, renderChart } from './support/chart.ts';
import type { Manifest } from './support/chart.ts';
import { narrowed } from './support/upgrade/narrowed.ts';
import type { Schema } from './support/upgrade/narrowed.ts';
import { policiesOf, powersOf } from './support/upgrade/powers.ts';

/** What a pod or an account may do today, with default values, and not in the base release: each with the reason. */
const agreed: Readonly<Record<string, string>> = {
  'ClusterRole/rtvm-controller: update rtvm.dev/realtimenodes/status *':
    'it says whether the agent renews its Lease (AgentAlive); the policy status-writers allows it nothing else there',
};

/** Where a CRD takes less, or fills in something else: each with the reason why nothing that is stored suffers. */
const agreedNarrowing: Readonly<Record<string, string>> = {};

let base: readonly Manifest[];
let today: readonly Manifest[];
beforeAll(async () => {
  const { chart } = await baseRelease();
  [base, today] = [manifestsIn(await renderChart(chart)), manifestsIn(await renderChart(chartDirectory))];
}, 120_000);

describe('with default values', () => {
  it('no pod and no account may do more than it did, but for what is agreed', () => {
    expect(powersOf(base).size).toBeGreaterThan(50);
    expect(gained(base, today)).toEqual(Object.keys(agreed).toSorted());
  });

  it('no admission policy has gone or become milder', () => {
    expect(policiesOf(base).size).toBeGreaterThan(4);
    expect([...policiesOf(base).difference(policiesOf(today))]).toEqual([]);
  });
});

describe('the comparison', () => {
  const agent = 'DaemonSet/rtvm-agent';
  const withAgent = (change: (pod: PodSpec) => object) => base.map((manifest) => {
    if (nameOf(manifest) !== agent) return manifest;
    const { template: { spec } } = manifest['spec'] as { readonly template: { readonly spec: PodSpec } };
    return { ...manifest, spec: { template: { spec: { ...spec, ...change(spec) } } } };
  });
  const context = (change: object) => ({ containers: [first] }: PodSpec) => ({
    containers: [{ ...first, securityContext: { ...first.securityContext, ...change } }],
  });
  const mounts = (change: (all: readonly object[]) => readonly object[]) => (
    { containers: [first], volumes }: PodSpec,
  ) => ({
    containers: [{ ...first, volumeMounts: change(first.volumeMounts) }],
    volumes: [...volumes, { name: 'etc', hostPath: { path: '/etc' } }],
  });
  const etc = { name: 'etc', mountPath: '/host/etc', readOnly: true };

  it.each<[string, (pod: PodSpec) => object]>([
    ['hostNetwork', () => ({ hostNetwork: true })],
    ['container agent: capability SYS_ADMIN', context({ capabilities: { drop: ['ALL'], add: ['SYS_ADMIN'] } })],
    ["container agent: the container runtime's own capabilities", context({ capabilities: { add: ['SYS_NICE'] } })],
    ['container agent: privilege escalation', context({ allowPrivilegeEscalation: undefined })],
    ['container agent: procMount "Unmasked"', context({ procMount: 'Unmasked' })],
    ['container agent: reads hostPath /etc/ at /host/etc', mounts((all) => [...all, etc])],
    [
      'container agent: writes hostPath /run/libvirt/ at /run/libvirt',
      mounts((all) => all.map((mount) => ({ ...mount, readOnly: false }))),
    ],
  ])('finds that an agent has gained: %s', (power, change) => {
    expect(gained(base, withAgent(change))).toContain(`${agent}: ${power}`);
  });

  it('finds a verb more of a role, and an account more that has it', () => {
    const role = base.find(({ kind }) => kind === 'ClusterRole')!;
    const binding = base.find(({ kind }) => kind === 'ClusterRoleBinding')!;
    const secrets = { apiGroups: [''], resources: ['secrets'], verbs: ['get'] };
    const more = { ...role, rules: [...role['rules'] as readonly object[], secrets] };
    const wider = { ...binding, subjects: [{ kind: 'Group', name: 'system:authenticated' }] };
    const { kind, name } = binding['roleRef'] as { readonly kind: string; readonly name: string };
    expect(gained([role, binding], [more, wider])).toEqual([
      `${nameOf(role)}: get /secrets *`,
      `${nameOf(binding)}: gives ${kind}/${name} to Group /system:authenticated in all namespaces`,
    ]);
  });
});

describe('a CRD', () => {
  it('takes what it took, and fills in what it filled in', () => {
    const [before, now] = [schemasOf(base), schemasOf(today)];
    expect(before.size).toBe(5);
    const found = [...before].flatMap(([name, schema]) => {
      const current = now.get(name);
      return current === undefined ? [`${name}: is gone`] : narrowed(schema, current).map((how) => `${name} ${how}`);
    });
    expect(found.toSorted()).toEqual(Object.keys(agreedNarrowing).toSorted());
  });

  const size: Schema = { type: 'string', enum: ['a', 'b'], maxLength: 9 };
  const of = (field: Schema, more: Schema = {}): Schema => ({ type: 'object', properties: { size: field }, ...more });

  it.each<[string, Schema]>([
    ['.size: is gone', { type: 'object' }],
    ['the object: size is required now', of(size, { required: ['size'] })],
    ['.size: "b" is taken no more', of({ ...size, enum: ['a', 'c'] })],
    ['.size: maxLength was 9, is 8', of({ ...size, maxLength: 8 })],
    ['.size: default was nothing, is "a"', of({ ...size, default: 'a' })],
    [
      'the object: a rule is new or another: has(self.size)',
      of(size, { 'x-kubernetes-validations': [{ rule: 'has(self.size)' }] }),
    ],
  ])('is found to be narrower: %s', (said, now) => {
    expect(narrowed(of(size), now)).toEqual([said]);
  });

  it('may have a field, a value and room more', () => {
    const wider = { ...size, enum: ['a', 'b', 'c'], maxLength: 10 };
    const now: Schema = { type: 'object', properties: { size: wider, more: { type: 'string', default: 'x' } } };
    expect(narrowed(of(size), now)).toEqual([]);
  });
});

interface PodSpec {
  readonly containers: readonly [{ readonly securityContext: object; readonly volumeMounts: readonly object[] }];
  readonly volumes: readonly object[];
}

interface Definition {
  readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: Schema } }[];
}

function schemasOf(manifests: readonly Manifest[]): ReadonlyMap<string, Schema> {
  const definitions = manifests.filter(({ kind }) => kind === 'CustomResourceDefinition');
  return new Map(definitions.flatMap(({ metadata, spec }) => (
    (spec as Definition).versions.map(({ name, schema }) => [`${metadata.name} ${name}`, schema.openAPIV3Schema])
  )));
}

function gained(before: readonly Manifest[], now: readonly Manifest[]): readonly string[] {
  return [...powersOf(now).difference(powersOf(before))].toSorted();
}
