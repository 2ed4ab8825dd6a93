// What the manifests of a chart let its pods and ServiceAccounts do beyond the least that Kubernetes lets anybody: a sentence each.
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

interface Container {
  readonly name: string;
  readonly securityContext?: Fields;
  readonly volumeMounts?: readonly Mount[];
  readonly ports?: readonly { readonly hostPort?: number }[];
}

interface PodSpec extends Fields {
  readonly securityContext?: Fields;
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes?: readonly Volume[];
  readonly serviceAccountName?: string;
}

interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly verbs: readonly string[];
}

/** Of all manifests, as one set: what is in today's and not in the base's is a power that a pod or an account has gained. */
export function powersOf(manifests: readonly Manifest[]): ReadonlySet<string> {
  return new Set(manifests.flatMap((manifest) => powersIn(manifest).map((power) => `${nameOf(manifest)}: ${power}`)));
}

/** Admission policies hold powers back: without one, whoever it was about may do more. */
export function policiesOf(manifests: readonly Manifest[]): ReadonlySet<string> {
  return new Set(manifests.filter(({ kind }) => /^ValidatingAdmissionPolicy(Binding)?$/.test(kind)).map((manifest) => {
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
  const { containers, initContainers = [], volumes = [] } = pod;
  return [
    ...['hostPID', 'hostNetwork', 'hostIPC', 'shareProcessNamespace'].filter((field) => pod[field] === true),
    ...(pod['hostUsers'] === false ? [] : ['the host\'s user namespace']),
    ...(pod['automountServiceAccountToken'] === false ? [] : [`the token of ServiceAccount ${pod.serviceAccountName ?? 'default'}`]),
    ...[...containers, ...initContainers].flatMap((container) => [
      ...contextPowers({ ...pod.securityContext, ...container.securityContext }),
      ...(container.ports ?? []).flatMap(({ hostPort }) => (hostPort === undefined ? [] : [`port ${hostPort} of the host`])),
      ...(container.volumeMounts ?? []).flatMap((mount) => mountPowers(mount, volumes.find(({ name }) => name === mount.name)!)),
    ].map((power) => `container ${container.name}: ${power}`)),
  ];
}

/** Where nothing is said, Kubernetes allows it. A field that nobody here knows counts as a power, until somebody has looked at it. */
function contextPowers(context: Fields): readonly string[] {
  return [
    ...(context['allowPrivilegeEscalation'] === false ? [] : ['privilege escalation']),
    ...(context['readOnlyRootFilesystem'] === true ? [] : ['a root file system to write to']),
    ...(context['runAsNonRoot'] === true || Number(context['runAsUser'] ?? 0) > 0 ? [] : ['root']),
    ...Object.entries(context).flatMap(([field, value]) => {
      switch (field) {
        case 'allowPrivilegeEscalation':
        case 'readOnlyRootFilesystem':
        case 'runAsNonRoot':
        case 'runAsUser':
          return [];
        case 'privileged':
          return value === true ? ['privileged'] : [];
        default:
          return field === 'capabilities' ? [] : [`${field} ${JSON.stringify(value)}`];
      }
    }),
    ...capabilityPowers(context['capabilities'] as { readonly add?: readonly string[]; readonly drop?: readonly string[] } | undefined),
    ...(context['seccompProfile'] === undefined ? ['no seccomp profile'] : []),
  ];
}

function capabilityPowers({ add = [], drop = [] }: { readonly add?: readonly string[]; readonly drop?: readonly string[] } = {}): readonly string[] {
  return [...(drop.includes('ALL') ? [] : ['the container runtime\'s own capabilities']), ...add.map((name) => `capability ${name}`)];
}

function mountPowers({ mountPath, subPath = '', readOnly = false, mountPropagation }: Mount, volume: Volume): readonly string[] {
  const [kind, what] = Object.entries(volume).find(([field]) => field !== 'name')!;
  if (kind === 'emptyDir') return [];
  const path = (what as Fields)['path'];
  const from = typeof path === 'string' ? `${kind} ${path}/${subPath}` : `${kind} ${JSON.stringify(what)} ${subPath}`;
  // A read-only mount is in one that may be written to, so that giving up the latter is no gain.
  const powers = [`reads ${from} at ${mountPath}`, ...(readOnly ? [] : [`writes ${from} at ${mountPath}`])];
  return mountPropagation === undefined || mountPropagation === 'None' ? powers : [...powers, `${mountPropagation} propagation of ${from}`];
}

function rolePowers(role: Manifest): readonly string[] {
  const rules = (role['rules'] ?? []) as readonly Rule[];
  const aggregated = Object.keys(role.metadata.labels ?? {}).filter((label) => label.startsWith('rbac.authorization.k8s.io/aggregate-to-'));
  const grants = rules.flatMap(({ apiGroups = [], resources = [], resourceNames = ['*'], nonResourceURLs = [], verbs }) => verbs.flatMap((verb) => [
    ...apiGroups.flatMap((group) => resources.flatMap((resource) => resourceNames.map((name) => `${verb} ${group}/${resource} ${name}`))),
    ...nonResourceURLs.map((url) => `${verb} ${url}`),
  ]));
  return [...grants, ...aggregated.flatMap((label) => grants.map((granted) => `${label}: ${granted}`)), ...(role['aggregationRule'] === undefined ? [] : ['all that other roles are labelled to add'])];
}

function bindingPowers(binding: Manifest): readonly string[] {
  const { kind, name } = binding['roleRef'] as { readonly kind: string; readonly name: string };
  const subjects = (binding['subjects'] ?? []) as readonly { readonly kind: string; readonly name: string; readonly namespace?: string }[];
  return subjects.map((subject) => `gives ${kind}/${name} to ${subject.kind} ${subject.namespace ?? ''}/${subject.name} in ${binding.metadata.namespace ?? 'all namespaces'}`);
}
