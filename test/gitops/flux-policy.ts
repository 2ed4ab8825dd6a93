// Puts Flux's health expressions, word for word, where an API server evaluates CEL as Flux does: into a policy that only warns.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { repository } from './argocd-files.ts';
import type { Reading } from './vm-states.ts';

const outcomes = ['inProgress', 'failed', 'current'] as const;
type Outcome = (typeof outcomes)[number];

const readings: Readonly<Record<Outcome, Reading>> = { inProgress: 'InProgress', failed: 'Failed', current: 'Current' };

interface HealthChecks {
  readonly spec: { readonly healthCheckExprs: readonly (Partial<Record<Outcome, string>> & { readonly kind: string })[] };
}

/** Tells a status from others in what the API server warns of. */
const mark = (kind: string, outcome: Outcome) => `${kind} is ${outcome}: `;

/** Policies and bindings for writes of status: each warns of the object's name where an expression holds. */
export function fluxPolicies(): readonly object[] {
  const { spec: { healthCheckExprs } } = load(readFileSync(join(repository, 'deploy/flux/health-checks.yaml'), 'utf8')) as HealthChecks;
  return healthCheckExprs.flatMap(({ kind, ...expressions }) => {
    const resource = `${kind.toLowerCase()}s`;
    const name = `flux-health-${resource}`;
    return [
      {
        apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingAdmissionPolicy', metadata: { name },
        spec: {
          matchConstraints: { resourceRules: [{ apiGroups: ['rtvm.dev'], apiVersions: ['v1alpha1'], operations: ['UPDATE'], resources: [`${resource}/status`] }] },
          validations: outcomes.flatMap((outcome) => {
            const expression = expressions[outcome];
            return expression === undefined ? [] : [{ expression: `!(${asFluxNames(expression)})`, message: outcome, messageExpression: `'${mark(kind, outcome)}' + object.metadata.name` }];
          }),
        },
      },
      {
        apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingAdmissionPolicyBinding', metadata: { name },
        spec: { policyName: name, validationActions: ['Warn'] },
      },
    ];
  });
}

/** For Flux the parts of an object are variables; here a loop over a list of one gives them these names. */
function asFluxNames(expression: string): string {
  return ['metadata', 'spec', 'status'].reduce((inner, part) => `[object.${part}].all(${part}, ${inner})`, `(${expression})`);
}

/** What Flux makes of what was warned of: the first outcome that holds, in its order; with none it waits on. */
export function fluxReading(warnings: string, kind: string, name: string): Reading {
  const found = outcomes.find((outcome) => new RegExp(`${mark(kind, outcome)}${name}$`, 'm').test(warnings));
  return found === undefined ? 'InProgress' : readings[found];
}
