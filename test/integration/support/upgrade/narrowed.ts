// Where a schema of today refuses, drops or fills in otherwise what the schema of an older release took.

interface Rule {
  readonly rule: string;
}

/** Of OpenAPI v3 as CustomResourceDefinitions have it. */
export interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly 'x-kubernetes-validations'?: readonly Rule[];
  readonly [keyword: string]: unknown;
}

const lowest = ['minimum', 'minLength', 'minItems', 'minProperties'] as const;
const highest = ['maximum', 'maxLength', 'maxItems', 'maxProperties'] as const;
/** A change of any of these may refuse what was taken, fill in something else, or merge otherwise. */
const fixed = [
  'type', 'default', 'pattern', 'format', 'nullable', 'multipleOf', 'not', 'anyOf', 'oneOf', 'allOf',
  'x-kubernetes-list-type', 'x-kubernetes-list-map-keys', 'x-kubernetes-map-type',
  'x-kubernetes-int-or-string', 'x-kubernetes-preserve-unknown-fields',
] as const;

/** A sentence each, with the path. Empty: what the older one took and stored, today's takes and keeps as it is. */
export function narrowed(before: Schema, now: Schema, path = ''): readonly string[] {
  const at = path === '' ? 'the object' : path;
  const text = (value: unknown) => (value === undefined ? 'nothing' : JSON.stringify(value));
  const rulesOf = (schema: Schema) => schema['x-kubernetes-validations']?.map(({ rule }) => rule);
  const changed = [
    ...fixed.filter((keyword) => text(before[keyword]) !== text(now[keyword])),
    ...lowest.filter((keyword) => Number(now[keyword] ?? -Infinity) > Number(before[keyword] ?? -Infinity)),
    ...highest.filter((keyword) => Number(now[keyword] ?? Infinity) < Number(before[keyword] ?? Infinity)),
  ];
  return [
    ...changed.map((keyword) => `${at}: ${keyword} was ${text(before[keyword])}, is ${text(now[keyword])}`),
    ...added(before.required, now.required).map((name) => `${at}: ${name} is required now`),
    ...(before.enum === undefined && now.enum !== undefined ? [`${at}: only some values are taken now`] : []),
    ...added(now.enum ?? before.enum, before.enum).map((value) => `${at}: ${text(value)} is taken no more`),
    ...added(rulesOf(before), rulesOf(now)).map((rule) => `${at}: a rule is new or another: ${rule}`),
    ...Object.entries(before.properties ?? {}).flatMap(([name, schema]) => {
      const today = now.properties?.[name];
      return today === undefined ? [`${path}.${name}: is gone`] : narrowed(schema, today, `${path}.${name}`);
    }),
    ...inner(before.items, now.items, `${path}[]`),
    ...inner(asSchema(before.additionalProperties), asSchema(now.additionalProperties), `${path}{}`),
  ];
}

/** What is in the second list and not in the first. */
function added<Value>(was: readonly Value[] = [], is: readonly Value[] = []): readonly Value[] {
  return is.filter((value) => !was.includes(value));
}

function inner(before: Schema | undefined, now: Schema | undefined, path: string): readonly string[] {
  if (before === undefined) return [];
  return now === undefined ? [`${path}: is gone`] : narrowed(before, now, path);
}

function asSchema(schema: Schema | boolean | undefined): Schema | undefined {
  return typeof schema === 'object' ? schema : undefined;
}
