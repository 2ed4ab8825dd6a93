/** docs/api-reference.md, from the schemas and rules in src/crds. */
import type { z } from 'zod';
import { columnsOf } from '../../src/crds/definition/columns.ts';
import { apiVersion } from '../../src/crds/metadata.ts';
import { kindNames, kinds } from '../../src/crds/resource.ts';
import type { Kind } from '../../src/crds/resource.ts';
import { rulesOf } from '../../src/crds/rules/rules-of.ts';
import { fieldsOf } from './fields.ts';
import type { Field } from './fields.ts';
import { formats } from './formats.ts';
import { code, table } from './markdown.ts';

/** Each field has one writer. */
const writers: Readonly<Record<Kind, { readonly spec: string; readonly status?: string }>> = {
  RealtimeVM: { spec: 'whoever owns the VM', status: 'the controller alone, on transitions only' },
  RealtimeVMClass: { spec: 'the administrator' },
  RealtimeImage: { spec: 'whoever owns the VMs of the namespace' },
  RealtimeNode: { spec: "the administrator (the node's agent makes the object where there is none)", status: "the node's agent alone" },
  RealtimeAllocation: { spec: 'the controller alone, by compare-and-swap', status: "the node's agent alone" },
};

/** The fields of a placement are told once. */
const placementPaths: ReadonlySet<string> = new Set(['status.orphans[].placement', 'spec.guests[].placement']);

export function apiReference(): string {
  return `${[
    '<!-- Generated from src/crds by "npm run generate"; do not edit. -->',
    '# API reference',
    `Five kinds, all of \`${apiVersion}\`. The API server itself checks everything that is said here, so \`kubectl apply --dry-run=server\` and a GitOps diff refuse what would not work, with the field's path and what would be accepted; \`rtvm validate\` says the same without a cluster, and adds what only a VM together with its class and images can show.`,
    'An empty *absent* column means that the field may be left out; what that means is in its description. Unknown fields are refused. Sizes count in powers of two: `512Mi`, `4Gi`.',
    table(['kind', 'plural', 'short', 'scope', 'spec is written by', 'status is written by'], kindNames.map((kind) => {
      const { plural, shortName, scope } = kinds[kind];
      return [`[${kind}](#${kind.toLowerCase()})`, code(plural), code(shortName), scope === 'Cluster' ? 'cluster' : 'namespace', writers[kind].spec, writers[kind].status ?? '(none)'];
    })),
    '`kubectl get realtime -A` lists them all: `realtime` is their category.',
    ...kindNames.flatMap(kindSection),
    '## Formats',
    table(['format', 'what is accepted'], formats.map(({ name, accepted }) => [name, accepted])),
  ].join('\n\n')}\n`;
}

function kindSection(kind: Kind): readonly string[] {
  const { schema, shortName, plural } = kinds[kind];
  const { spec, status } = schema.shape as { readonly spec: z.ZodType; readonly status?: z.ZodType };
  const columns = columnsOf[kind].map(({ name, priority }) => (priority === 1 ? `${name} (wide)` : name)).join(', ');
  return [
    `## ${kind}`,
    `${schema.description ?? ''} \`kubectl get ${shortName}\` (or \`${plural}\`) shows: ${columns}.`,
    `### ${kind} spec`,
    `Written by ${writers[kind].spec}. ${spec.description ?? ''}`.trim(),
    fieldTable(fieldsOf(spec, 'spec', (path) => placementPaths.has(path))),
    ...rulesSection(kind),
    ...(status === undefined ? [] : [`### ${kind} status`, `Written by ${writers[kind].status ?? ''}.`, fieldTable(fieldsOf(status, 'status', (path) => placementPaths.has(path)))]),
  ];
}

function fieldTable(fields: readonly Field[]): string {
  const sameAs = (path: string) => (placementPaths.has(path) ? ' As `status.placement` of a [RealtimeVM](#realtimevm-status).' : '');
  return table(['field', 'type', 'absent', 'bounds', 'description'], fields.map(({ path, type, absent, bounds, description }) => [code(path), type, absent, bounds, `${description}${sameAs(path)}`]));
}

function rulesSection(kind: Kind): readonly string[] {
  const rules = rulesOf[kind];
  if (rules.length === 0) return [];
  return [
    'Beyond the table, the API server refuses:',
    table(['field', 'what is said of it'], rules.map(({ at, fieldPath = '', message }) => [code(`${at}${fieldPath}`), message])),
  ];
}
