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
/** A change of any of these may refuse what was taken, or merge it otherwise. */
const fixed = [
  'type', 'pattern', 'format', 'nullable', 'multipleOf', 'x-kubernetes-list-type', 'x-kubernetes-list-map-keys', 'x-kubernetes-map-type',
  'x-kubernetes-int-or-string', 'x-kubernetes-preserve-unknown-fields', 'not', 'anyOf', 'oneOf', 'allOf',
] as const;

/** A sentence each, with the path. Empty: whatever the older one took and stored, today's takes and keeps as it is. */
export function narrowed(before: Schema, now: Schema, path = ''): readonly string[] {
  const at = path === '' ? 'the object' : path;
  const text = (value: unknown) => (value === undefined ? 'nothing' : JSON.stringify(value));
  return [
    ...fixed.filter((keyword) => text(before[keyword]) !== text(now[keyword])).map((keyword) => `${at}: ${keyword} was ${text(before[keyword])}, is ${text(now[keyword])}`),
    ...lowest.filter((keyword) => Number(now[keyword] ?? -Infinity) > Number(before[keyword] ?? -Infinity)).map((keyword) => `${at}: ${keyword} was ${text(before[keyword])}, is ${text(now[keyword])}`),
    ...highest.filter((keyword) => Number(now[keyword] ?? Infinity) < Number(before[keyword] ?? Infinity)).map((keyword) => `${at}: ${keyword} was ${text(before[keyword])}, is ${text(now[keyword])}`),
    ...(text(before.default) === text(now.default) ? [] : [`${at}: default was ${text(before.default)}, is ${text(now.default)}`]),
    ...(now.required ?? []).filter((name) => before.required?.includes(name) !== true).map((name) => `${at}: ${name} is required now`),
    ...(now.enum === undefined ? [] : before.enum === undefined ? [`${at}: only some values are taken now`] : before.enum.filter((value) => !now.enum!.includes(value)).map((value) => `${at}: ${text(value)} is taken no more`)),
    ...(now['x-kubernetes-validations'] ?? []).filter(({ rule }) => before['x-kubernetes-validations']?.some((known) => known.rule === rule) !== true).map(({ rule }) => `${at}: a rule is new or another: ${rule}`),
    ...Object.entries(before.properties ?? {}).flatMap(([name, schema]) => {
      const today = now.properties?.[name];
      return today === undefined ? [`${path}.${name}: is gone`] : narrowed(schema, today, `${path}.${name}`);
    }),
    ...inner(before.items, now.items, `${path}[]`),
    ...inner(asSchema(before.additionalProperties), asSchema(now.additionalProperties), `${path}{}`),
  ];
}

function inner(before: Schema | undefined, now: Schema | undefined, path: string): readonly string[] {
  if (before === undefined) return [];
  return now === undefined ? [`${path}: is gone`] : narrowed(before, now, path);
}

function asSchema(schema: Schema | boolean | undefined): Schema | undefined {
  return typeof schema === 'object' ? schema : undefined;
}
