// What the manifests of a chart let its pods and ServiceAccounts do beyond the least: a sentence each.
import { nameOf } from '../chart.ts';
import type { Manifest } from '../chart.ts';

type Fields = Readonly<Record<string, unknown>>;

interface Volume extends Fields {
  readonly name: string;
}

interface Mount {
  readonly name: string;
  readonly mountPath: string;
  readonly subPath?: string;
  readonly readOnly?: boolean;
  readonly mountPropagation?: string;
}

interface SecurityContext extends Fields {
  readonly allowPrivilegeEscalation?: boolean;
  readonly readOnlyRootFilesystem?: boolean;
  readonly runAsNonRoot?: boolean;
  readonly runAsUser?: number;
  readonly privileged?: boolean;
  readonly capabilities?: { readonly add?: readonly string[]; readonly drop?: readonly string[] };
  readonly seccompProfile?: object;
}

interface Container {
  readonly name: string;
  readonly securityContext?: SecurityContext;
  readonly volumeMounts?: readonly Mount[];
  readonly ports?: readonly { readonly hostPort?: number }[];
}

interface PodSpec extends Fields {
  readonly securityContext?: SecurityContext;
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes?: readonly Volume[];
  readonly serviceAccountName?: string;
}

interface Subject {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly verbs: readonly string[];
}

/** Of all manifests, as one set: what is in a later set and not in an earlier one has been gained. */
export function powersOf(manifests: readonly Manifest[]): ReadonlySet<string> {
  return new Set(manifests.flatMap((manifest) => powersIn(manifest).map((power) => `${nameOf(manifest)}: ${power}`)));
}

/** Admission policies hold powers back: without one, whoever it was about may do more. */
export function policiesOf(manifests: readonly Manifest[]): ReadonlySet<string> {
  const policies = manifests.filter(({ kind }) => /^ValidatingAdmissionPolicy(Binding)?$/.test(kind));
  return new Set(policies.map((manifest) => {
    const { failurePolicy, validationActions } = manifest['spec'] as Fields;
    return `${nameOf(manifest)} ${JSON.stringify(failurePolicy ?? validationActions)}`;
  }));
}

function powersIn(manifest: Manifest): readonly string[] {
  switch (manifest.kind) {
    case 'Deployment':
    case 'DaemonSet':
    case 'StatefulSet':
    case 'Job':
      return podPowers((manifest['spec'] as { readonly template: { readonly spec: PodSpec } }).template.spec);
    case 'Pod':
      return podPowers(manifest['spec'] as PodSpec);
    case 'Role':
    case 'ClusterRole':
      return rolePowers(manifest);
    case 'RoleBinding':
    case 'ClusterRoleBinding':
      return bindingPowers(manifest);
    default:
      return [];
  }
}

function podPowers(pod: PodSpec): readonly string[] {
  const { containers, initContainers = [] } = pod;
  return [
    ...['hostPID', 'hostNetwork', 'hostIPC', 'shareProcessNamespace'].filter((field) => pod[field] === true),
    ...(pod['hostUsers'] === false ? [] : ['the host\'s user namespace']),
    ...(pod['automountServiceAccountToken'] === false ? [] : [`the token of ${pod.serviceAccountName ?? 'default'}`]),
    ...[...containers, ...initContainers].flatMap((container) => (
      containerPowers(container, pod).map((power) => `container ${container.name}: ${power}`)
    )),
  ];
}

function containerPowers(container: Container, { securityContext: ofPod, volumes = [] }: PodSpec): readonly string[] {
  const { securityContext, ports = [], volumeMounts = [] } = container;
  return [
    ...contextPowers({ ...ofPod, ...securityContext }),
    ...ports.flatMap(({ hostPort }) => (hostPort === undefined ? [] : [`port ${hostPort} of the host`])),
    ...volumeMounts.flatMap((mount) => mountPowers(mount, volumes.find(({ name }) => name === mount.name)!)),
  ];
}

/** Where nothing is said, Kubernetes allows it. A field that is not known here counts as a power. */
function contextPowers(context: SecurityContext): readonly string[] {
  const { allowPrivilegeEscalation, readOnlyRootFilesystem, privileged, ...more } = context;
  const { runAsNonRoot, runAsUser = 0, ...others } = more;
  const { capabilities: { add = [], drop = [] } = {}, ...rest } = others;
  return [
    ...(allowPrivilegeEscalation === false ? [] : ['privilege escalation']),
    ...(readOnlyRootFilesystem === true ? [] : ['a root file system to write to']),
    ...(runAsNonRoot === true || runAsUser > 0 ? [] : ['root']),
    ...(privileged === true ? ['privileged'] : []),
    ...(drop.includes('ALL') ? [] : ["the container runtime's own capabilities"]),
    ...add.map((name) => `capability ${name}`),
    ...(rest.seccompProfile === undefined ? ['no seccomp profile'] : []),
    ...Object.entries(rest).map(([field, value]) => `${field} ${JSON.stringify(value)}`),
  ];
}

function mountPowers(mount: Mount, volume: Volume): readonly string[] {
  const { mountPath, subPath = '', readOnly = false, mountPropagation = 'None' } = mount;
  const [kind, what] = Object.entries(volume).find(([field]) => field !== 'name')!;
  if (kind === 'emptyDir') return [];
  const path = (what as Fields)['path'];
  const from = typeof path === 'string' ? `${kind} ${path}/${subPath}` : `${kind} ${JSON.stringify(what)} ${subPath}`;
  // A mount that may be written to can be read, too: to be given a read-only one instead is no gain.
  return [
    `reads ${from} at ${mountPath}`,
    ...(readOnly ? [] : [`writes ${from} at ${mountPath}`]),
    ...(mountPropagation === 'None' ? [] : [`${mountPropagation} propagation of ${from}`]),
  ];
}

function rolePowers(role: Manifest): readonly string[] {
  const grants = ((role['rules'] ?? []) as readonly Rule[]).flatMap(grantsOf);
  const joined = Object.keys(role.metadata.labels ?? {}).filter((label) => label.includes('/aggregate-to-'));
  return [
    ...grants,
    ...joined.flatMap((label) => grants.map((granted) => `${label}: ${granted}`)),
    ...(role['aggregationRule'] === undefined ? [] : ['all that other roles are labelled to add']),
  ];
}

function grantsOf(rule: Rule): readonly string[] {
  const { apiGroups = [], resources = [], resourceNames = ['*'], nonResourceURLs = [], verbs } = rule;
  const named = resources.flatMap((resource) => resourceNames.map((name) => `${resource} ${name}`));
  const what = [...apiGroups.flatMap((group) => named.map((name) => `${group}/${name}`)), ...nonResourceURLs];
  return verbs.flatMap((verb) => what.map((one) => `${verb} ${one}`));
}

function bindingPowers(binding: Manifest): readonly string[] {
  const { kind, name } = binding['roleRef'] as Subject;
  const where = binding.metadata.namespace ?? 'all namespaces';
  return ((binding['subjects'] ?? []) as readonly Subject[]).map((subject) => (
    `gives ${kind}/${name} to ${subject.kind} ${subject.namespace ?? ''}/${subject.name} in ${where}`
  ));
}
