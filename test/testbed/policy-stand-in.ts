// The CRD that stands in for PodDisruptionBudgets where the API server has none.

/** The group under which the API server keeps what clients call `policy`. */
export const policyStandIn = 'policy.rtvm.test';

const intOrString = { 'x-kubernetes-int-or-string': true };
const selector = {
  type: 'object',
  properties: {
    matchLabels: { type: 'object', additionalProperties: { type: 'string' } },
    matchExpressions: {
      type: 'array',
      items: { type: 'object', required: ['key', 'operator'], properties: { key: { type: 'string' }, operator: { type: 'string' }, values: { type: 'array', items: { type: 'string' } } } },
    },
  },
};

/** Field by field as policy/v1 has them, so that a misspelt one is refused here too. */
export const standInDefinition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `poddisruptionbudgets.${policyStandIn}` },
  spec: {
    group: policyStandIn,
    scope: 'Namespaced',
    names: { plural: 'poddisruptionbudgets', singular: 'poddisruptionbudget', kind: 'PodDisruptionBudget', listKind: 'PodDisruptionBudgetList', shortNames: ['pdb'] },
    versions: [{
      name: 'v1', served: true, storage: true,
      subresources: { status: {} },
      schema: {
        openAPIV3Schema: {
          type: 'object',
          properties: {
            spec: { type: 'object', properties: { minAvailable: intOrString, maxUnavailable: intOrString, selector, unhealthyPodEvictionPolicy: { type: 'string', enum: ['IfHealthyBudget', 'AlwaysAllow'] } } },
            status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
          },
        },
      },
    }],
  },
} as const;
