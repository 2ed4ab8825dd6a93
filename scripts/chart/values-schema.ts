// What values the chart accepts, as a JSON schema that helm checks before it renders anything: nothing that values.yaml does not have.
import { isGroup } from './value-entries.ts';
import type { ValueEntry, ValueGroup } from './value-entries.ts';

const strings = { type: 'object', additionalProperties: { type: 'string' } };
/** What Kubernetes takes as a label's value; annotations may be anything. */
const labels = { type: 'object', additionalProperties: { type: 'string', maxLength: 63, pattern: '^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$' } };
const quantities = { type: 'object', additionalProperties: { type: ['string', 'number'], pattern: '^[0-9]+(\\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$' } };
const path = '/[A-Za-z0-9._/-]*[A-Za-z0-9._-]';

/** What `@schema` may refer to. */
const definitions = {
  strings,
  labels,
  named: { type: 'object', additionalProperties: false, required: ['name'], properties: { name: { type: 'string', minLength: 1 } } },
  port: { type: 'integer', minimum: 1, maximum: 65_535 },
  path: { type: 'string', pattern: `^${path}$` },
  pathOrNone: { type: 'string', pattern: `^(${path})?$` },
  amount: { oneOf: [{ type: 'integer', minimum: 0 }, { type: 'string', pattern: '^[0-9]{1,3}%$' }] },
  resources: { type: 'object', additionalProperties: false, properties: { requests: quantities, limits: quantities } },
  toleration: {
    type: 'object', additionalProperties: false,
    properties: {
      key: { type: 'string' }, operator: { enum: ['Exists', 'Equal'] }, value: { type: 'string' },
      effect: { enum: ['NoSchedule', 'PreferNoSchedule', 'NoExecute'] }, tolerationSeconds: { type: 'integer', minimum: 0 },
    },
  },
};

export function valuesSchema(values: ValueGroup): object {
  const { properties, ...root } = groupSchema(values);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Values of the rtvm chart',
    ...root,
    // What a chart that has this one as a part gives to all of its parts.
    properties: { ...properties, global: { type: 'object' } },
    definitions,
  };
}

function groupSchema({ children }: ValueGroup): { readonly type: 'object'; readonly additionalProperties: false; readonly properties: object } {
  return {
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(children.map((child) => [child.path.at(-1)!, isGroup(child) ? groupSchema(child) : entrySchema(child)])),
  };
}

function entrySchema({ value, description, schema }: ValueEntry): object {
  const { $ref, ...narrowed } = schema;
  // Draft 7 reads nothing beside a reference.
  if ($ref !== undefined) return { description, allOf: [{ $ref }], ...narrowed };
  return { description, ...('enum' in narrowed ? {} : { type: typeOf(value) }), ...narrowed };
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'number' ? 'integer' : typeof value;
}
