// What the roles of a ServiceAccount allow, verb by verb, and what was asked: each must be in the other.
import type { ApiRequest } from '../../testbed/api-request.ts';
import type { Manifest } from './chart.ts';

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

interface Subject {
  readonly kind: string;
  readonly name: string;
}

/** `update rtvm.dev/realtimevms/status`, with `in NAMESPACE` where it is allowed there alone. */
export type Grant = string;

/** @param manifests the roles and bindings among them count. */
export function grantsOf(account: string, manifests: readonly Manifest[]): ReadonlySet<Grant> {
  const bindings = manifests.filter(({ kind, ...rest }) => (
    (kind === 'ClusterRoleBinding' || kind === 'RoleBinding') && ((rest as unknown as { readonly subjects: readonly Subject[] }).subjects).some((subject) => subject.kind === 'ServiceAccount' && subject.name === account)
  ));
  return new Set(bindings.flatMap((binding) => {
    const { kind, name } = binding['roleRef'] as Subject;
    const role = manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name)!;
    return (role['rules'] as readonly Rule[]).flatMap(({ apiGroups, resources, verbs }) => (
      apiGroups.flatMap((group) => resources.flatMap((resource) => verbs.map((verb) => grant({ verb, group, resource }, binding.metadata.namespace))))
    ));
  }));
}

/** What was asked that no grant allows. */
export function ungranted(requests: readonly ApiRequest[], grants: ReadonlySet<Grant>): readonly Grant[] {
  return [...new Set(requests.filter((request) => !grantsFor(request).some((wanted) => grants.has(wanted))).map((request) => grant(request, request.namespace)))].sort();
}

/** What is granted and was not asked. */
export function unused(requests: readonly ApiRequest[], grants: ReadonlySet<Grant>): readonly Grant[] {
  const used = new Set(requests.flatMap(grantsFor));
  return [...grants].filter((granted) => !used.has(granted)).sort();
}

function grantsFor(request: ApiRequest): readonly Grant[] {
  return [grant(request), ...(request.namespace === undefined ? [] : [grant(request, request.namespace)])];
}

function grant({ verb, group, resource }: ApiRequest, namespace?: string): Grant {
  return `${verb} ${group}/${resource}${namespace === undefined ? '' : ` in ${namespace}`}`;
}
