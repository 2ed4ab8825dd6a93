// What the API server asks of a policy's rules beyond their schema: https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/
// (matchConstraints.resourceRules.resources). A server without the validation of built-in kinds takes anything.
import { nameOf } from './chart.ts';
import type { Manifest } from './chart.ts';

interface Matching {
  readonly matchConstraints: { readonly resourceRules: readonly { readonly resources: readonly string[] }[] };
}

/** @returns what is wrong with the wildcards of a ValidatingAdmissionPolicy, each with its path; nothing for other kinds. */
export function wildcardProblemsOf(manifest: Manifest): readonly string[] {
  if (manifest.kind !== 'ValidatingAdmissionPolicy') return [];
  return (manifest['spec'] as Matching).matchConstraints.resourceRules.flatMap(({ resources }, index) => {
    const path = `${nameOf(manifest)}.spec.matchConstraints.resourceRules[${index}].resources`;
    const wildcard = resources.find((resource) => resource.includes('*') && resources.some((other) => other !== resource && includes(resource, other)));
    return wildcard === undefined ? [] : [`${path}: where ${wildcard} is, nothing may be that it includes; found ${resources.join(', ')}`];
  });
}

/** Whether what one pattern matches is matched by another. `*` is of no subresource, and `x/*` includes `x` itself. */
function includes(pattern: string, other: string): boolean {
  const [resource, subresource] = pattern.split('/');
  const [otherResource, otherSubresource] = other.split('/');
  return (resource === '*' || resource === otherResource) && (subresource === '*' || subresource === otherSubresource);
}
