/** The CustomResourceDefinition of each kind, from its schema, its rules and its columns. */
import { dump } from 'js-yaml';
import { kinds } from '../resource.ts';
import type { Kind } from '../resource.ts';
import { rulesOf } from '../rules/rules-of.ts';
import type { Rule } from '../rules/rule.ts';
import { columnsOf } from './columns.ts';
import { schemaAt } from './schema-at.ts';
import { structural } from './structural.ts';
import type { Structural } from './structural.ts';

const group = 'rtvm.dev';
const version = 'v1alpha1';
/** Not `rtvm`: kubectl takes a category for all its kinds before it looks at short names, so that `kubectl get rtvm NAME` would fail. */
const category = 'realtime';

/** Kinds with a status that somebody else writes than their spec. */
const withStatus: readonly Kind[] = ['RealtimeVM', 'RealtimeNode', 'RealtimeAllocation'];

/**
 * A VM that no controller has seen reads `Ready=Unknown`, so that `kubectl wait` and GitOps tools wait instead of finding
 * nothing. The API server drops the status of a new object after it has filled in defaults, and fills them in again at
 * every reading: the status needs a default of its own for that of its conditions to be reached.
 */
const unseen = [{ type: 'Ready', status: 'Unknown', reason: 'Pending', message: 'No controller has seen the VM yet.', lastTransitionTime: '1970-01-01T00:00:00Z' }];

export interface CustomResourceDefinition {
  readonly apiVersion: 'apiextensions.k8s.io/v1';
  readonly kind: 'CustomResourceDefinition';
  readonly metadata: { readonly name: string };
  readonly spec: Readonly<Record<string, unknown>>;
}

/** As `kubectl apply` takes it. */
export function definitionOf(kind: Kind): CustomResourceDefinition {
  const { plural, shortName, scope } = kinds[kind];
  const hasStatus = withStatus.includes(kind);
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope,
      names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase(), shortNames: [shortName], categories: [category] },
      versions: [{
        name: version,
        served: true,
        storage: true,
        schema: { openAPIV3Schema: schemaOf(kind) },
        ...(hasStatus ? { subresources: { status: {} } } : {}),
        ...(kind === 'RealtimeVM' ? { selectableFields: [{ jsonPath: '.status.placement.nodeName' }] } : {}),
        additionalPrinterColumns: columnsOf[kind],
      }],
    },
  };
}

/** The text of `deploy/crds/rtvm.dev_<plural>.yaml`. */
export function definitionFile(kind: Kind): string {
  return `# Generated from src/crds by "npm run generate"; do not edit.\n${dump(definitionOf(kind), { lineWidth: 120, noRefs: true })}`;
}

/** Its name in `deploy/crds/`. */
export function definitionFileName(kind: Kind): string {
  return `${group}_${kinds[kind].plural}.yaml`;
}

function schemaOf(kind: Kind): Structural {
  const { schema } = kinds[kind];
  const stated = structural(schema.omit({ apiVersion: true, kind: true, metadata: true }));
  const root: Structural = {
    ...stated,
    ...(schema.description === undefined ? {} : { description: schema.description }),
    properties: {
      apiVersion: { description: `${group}/${version}.`, type: 'string' },
      kind: { description: `${kind}.`, type: 'string' },
      // The API server bounds the name itself; a bound here would be told a second time.
      metadata: { type: 'object' },
      ...stated.properties,
    },
  };
  for (const rule of rulesOf[kind]) addRule(root, rule);
  if (kind === 'RealtimeVM') {
    schemaAt(root, 'status')['default'] = {};
    schemaAt(root, 'status.conditions')['default'] = unseen;
  }
  return root;
}

function addRule(root: Structural, { at, ...rule }: Rule): void {
  const schema = schemaAt(root, at);
  const rules = (schema['x-kubernetes-validations'] ??= []);
  rules.push({ ...rule });
}
