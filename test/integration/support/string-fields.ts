// Every place in a schema where a person writes text, and a whole object in which each of them has something acceptable.
import * as z from 'zod';

/** A step into a mapping, a list, or to the one key of a mapping with free keys. */
export type Step = string | number | typeof theKey;
export const theKey = Symbol('the key itself');

/** As much of JSON Schema as zod writes of our schemas. */
interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly propertyNames?: Schema;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
}

export interface StringField {
  readonly path: readonly Step[];
}

/** One of them fits every pattern that our fields have; a field that none fits says so. */
const acceptable = [
  'a1', '512Mi', '0-1', '0000:3b:00.1', '52:54:00:12:34:56', '2026-01-31T12:00:00Z', '/srv/a', 'https://images.example/a',
  '0'.repeat(64), '6b3f1d0e-58b1-4a0c-9e0b-2f6f0d1c7a11',
];

function schemaOf(schema: z.ZodType): Schema {
  return z.toJSONSchema(schema, { io: 'input' }) as Schema;
}

/** All of them, keys of free mappings among them. Lists and free mappings are entered at their first entry. */
export function stringFields(schema: z.ZodType): readonly StringField[] {
  return fieldsOf(schemaOf(schema), []);
}

function fieldsOf(schema: Schema, path: readonly Step[]): readonly StringField[] {
  if (schema.anyOf !== undefined) return fieldsOf(schema.anyOf[0]!, path);
  if (schema.type === 'string') return [{ path }];
  if (schema.type === 'array') return schema.items === undefined ? [] : fieldsOf(schema.items, [...path, 0]);
  if (schema.type !== 'object') return [];
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, property]) => fieldsOf(property, [...path, name]));
  if (typeof schema.additionalProperties !== 'object' || schema.propertyNames === undefined) return own;
  return [...own, { path: [...path, freeKey, theKey] }, ...fieldsOf(schema.additionalProperties, [...path, freeKey])];
}

const freeKey = 'a1';

/** An object in which every field of the schema is there and fits its own pattern; that fields exclude each other is for later checks. */
export function wholeSample(schema: z.ZodType): unknown {
  return sampleOf(schemaOf(schema), []);
}

function sampleOf(schema: Schema, path: readonly Step[]): unknown {
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  if (schema.anyOf !== undefined) return sampleOf(schema.anyOf[0]!, path);
  switch (schema.type) {
    case 'string':
      return sampleText(schema, path);
    case 'integer':
    case 'number':
      return Math.max(1, schema.minimum ?? 1);
    case 'boolean':
      return true;
    case 'array':
      return schema.items === undefined ? [] : [sampleOf(schema.items, [...path, 0])];
    case 'object':
      return {
        ...Object.fromEntries(Object.entries(schema.properties ?? {}).map(([name, property]) => [name, sampleOf(property, [...path, name])])),
        ...(typeof schema.additionalProperties === 'object' ? { [freeKey]: sampleOf(schema.additionalProperties, [...path, freeKey]) } : {}),
      };
    default:
      return freeKey;
  }
}

function sampleText({ pattern, minLength = 0, maxLength = Infinity }: Schema, path: readonly Step[]): string {
  const fits = acceptable.find((text) => text.length >= minLength && text.length <= maxLength && (pattern === undefined || new RegExp(pattern, 'u').test(text)));
  if (fits === undefined) throw new Error(`no sample fits ${path.join('.')}: ${pattern ?? ''}; add one to the list`);
  return fits;
}

/** A copy with one text in the place of another, or of a key. */
export function withText(value: unknown, path: readonly Step[], text: string): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return text;
  if (Array.isArray(value)) return value.map((item: unknown, index) => (index === step ? withText(item, rest, text) : item));
  const entries = Object.entries(value as Record<string, unknown>);
  if (rest[0] === theKey) return Object.fromEntries(entries.map(([key, item]) => [key === step ? text : key, item]));
  return Object.fromEntries(entries.map(([key, item]) => [key, key === step ? withText(item, rest, text) : item]));
}

/** What a list says of the fields: `spec.disks[].name`, `metadata.labels{}`. */
export function describePath(path: readonly Step[]): string {
  return path.map((step) => (step === theKey ? '' : typeof step === 'number' ? '[]' : step === freeKey ? '{}' : `.${step}`)).join('').slice(1) + (path.at(-1) === theKey ? ' (key)' : '');
}
