// The upgrade contract of the chart (docs/decisions/0011-upgrade-contract.md): with default values no pod and no account may do more than
// in the base release, and the CRDs take whatever they took.
import { beforeAll, describe, expect, it } from 'vitest';
import { baseRelease } from '../testbed/base-release.ts';
import { chartDirectory, manifestsIn, nameOf, renderChart } from './support/chart.ts';
import type { Manifest } from './support/chart.ts';
import { narrowed } from './support/upgrade/narrowed.ts';
import type { Schema } from './support/upgrade/narrowed.ts';
import { policiesOf, powersOf } from './support/upgrade/powers.ts';

/** Powers that a pod or an account has with default values today and had not in the base release, each with the reason why it needs it. */
const agreed: Readonly<Record<string, string>> = {};

/** Where a CRD takes less than that of the base release, or fills in something else, each with the reason why nothing stored suffers. */
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
  const changed = (name: string, change: (pod: PodSpec) => object) => base.map((manifest) => {
    if (nameOf(manifest) !== name) return manifest;
    const { template, ...spec } = manifest['spec'] as { readonly template: { readonly spec: PodSpec } };
    return { ...manifest, spec: { ...spec, template: { ...template, spec: { ...template.spec, ...change(template.spec) } } } };
  });
  const context = (securityContext: object) => ({ containers: [first] }: PodSpec) => ({ containers: [{ ...first, securityContext: { ...first.securityContext, ...securityContext } }] });

  it.each<{ readonly what: string; readonly power: string; readonly change: (pod: PodSpec) => object }>([
    { what: 'a namespace of the host', power: 'hostNetwork', change: () => ({ hostNetwork: true }) },
    { what: 'a capability', power: 'container agent: capability SYS_ADMIN', change: context({ capabilities: { drop: ['ALL'], add: ['SYS_NICE', 'SYS_ADMIN'] } }) },
    { what: 'capabilities that are dropped no more', power: 'container agent: the container runtime\'s own capabilities', change: context({ capabilities: { add: ['SYS_NICE'] } }) },
    { what: 'what is forbidden no more', power: 'container agent: privilege escalation', change: context({ allowPrivilegeEscalation: undefined }) },
    { what: 'a field that it does not know', power: 'container agent: procMount "Unmasked"', change: context({ procMount: 'Unmasked' }) },
    {
      what: 'a directory of the host', power: 'container agent: reads hostPath /etc/ at /host/etc',
      change: ({ volumes, containers: [first] }) => ({
        volumes: [...volumes, { name: 'etc', hostPath: { path: '/etc' } }],
        containers: [{ ...first, volumeMounts: [...first.volumeMounts, { name: 'etc', mountPath: '/host/etc', readOnly: true }] }],
      }),
    },
    {
      what: 'writing where it read', power: 'container agent: writes hostPath /run/libvirt/ at /run/libvirt',
      change: ({ containers: [first] }) => ({ containers: [{ ...first, volumeMounts: first.volumeMounts.map((mount) => ({ ...mount, readOnly: false })) }] }),
    },
  ])('finds $what', ({ power, change }) => {
    expect(gained(base, changed('DaemonSet/rtvm-agent', change))).toContain(`DaemonSet/rtvm-agent: ${power}`);
  });

  it('finds a verb more of a role, and an account more that has it', () => {
    const role = base.find(({ kind }) => kind === 'ClusterRole')!;
    const more = { ...role, rules: [...role['rules'] as readonly object[], { apiGroups: [''], resources: ['secrets'], verbs: ['get'] }] };
    expect(gained(base, base.map((manifest) => (manifest === role ? more : manifest)))).toContain(`${nameOf(role)}: get /secrets *`);
    const binding = base.find(({ kind }) => kind === 'ClusterRoleBinding')!;
    const wider = { ...binding, subjects: [{ kind: 'Group', name: 'system:authenticated' }] };
    expect(gained(base, base.map((manifest) => (manifest === binding ? wider : manifest)))).toEqual([expect.stringContaining('to Group /system:authenticated') as unknown]);
  });
});

describe('a CRD', () => {
  it('takes what it took, and fills in what it filled in', () => {
    const schemas = (manifests: readonly Manifest[]) => new Map(manifests.filter(({ kind }) => kind === 'CustomResourceDefinition').flatMap(({ metadata: { name }, spec }) => (
      (spec as Definition).versions.map((version) => [`${name} ${version.name}`, version.schema.openAPIV3Schema] as const)
    )));
    const [before, now] = [schemas(base), schemas(today)];
    expect(before.size).toBe(5);
    const found = [...before].flatMap(([name, schema]) => {
      const current = now.get(name);
      return current === undefined ? [`${name}: is gone`] : narrowed(schema, current).map((how) => `${name} ${how}`);
    });
    expect(found.toSorted()).toEqual(Object.keys(agreedNarrowing).toSorted());
  });

  it.each<{ readonly what: string; readonly now: Schema; readonly said: string }>([
    { what: 'a field that has gone', now: { type: 'object' }, said: '.size: is gone' },
    { what: 'a field that is required now', now: { type: 'object', required: ['size'], properties: { size: { type: 'string', enum: ['a', 'b'], maxLength: 9 } } }, said: 'the object: size is required now' },
    { what: 'a value that is taken no more', now: { type: 'object', properties: { size: { type: 'string', enum: ['a', 'c'], maxLength: 9 } } }, said: '.size: "b" is taken no more' },
    { what: 'a lower limit', now: { type: 'object', properties: { size: { type: 'string', enum: ['a', 'b'], maxLength: 8 } } }, said: '.size: maxLength was 9, is 8' },
    { what: 'another default', now: { type: 'object', properties: { size: { type: 'string', enum: ['a', 'b'], maxLength: 9, default: 'a' } } }, said: '.size: default was nothing, is "a"' },
    { what: 'a new rule', now: { type: 'object', properties: { size: { type: 'string', enum: ['a', 'b'], maxLength: 9 } }, 'x-kubernetes-validations': [{ rule: 'has(self.size)' }] }, said: 'the object: a rule is new or another: has(self.size)' },
  ])('is found to have $what', ({ now, said }) => {
    expect(narrowed({ type: 'object', properties: { size: { type: 'string', enum: ['a', 'b'], maxLength: 9 } } }, now)).toEqual([said]);
  });

  it('may have a field and a value more', () => {
    expect(narrowed({ properties: { size: { enum: ['a'] } } }, { properties: { size: { enum: ['a', 'b'] }, more: { type: 'string', default: 'x' } } })).toEqual([]);
  });
});

interface PodSpec {
  readonly containers: readonly [{ readonly securityContext: object; readonly volumeMounts: readonly object[] }];
  readonly volumes: readonly object[];
}

interface Definition {
  readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: Schema } }[];
}

function gained(before: readonly Manifest[], now: readonly Manifest[]): readonly string[] {
  return [...powersOf(now).difference(powersOf(before))].toSorted();
}
