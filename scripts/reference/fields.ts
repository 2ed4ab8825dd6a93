/** The fields of a schema, one after the other as the reference lists them. */
import { z } from 'zod';
import { boundsLength, formatOf } from './formats.ts';

export interface Field {
  /** `spec.disks[].name`. */
  readonly path: string;
  readonly type: string;
  /** `required`, a default, or nothing where the field may be left out. */
  readonly absent: string;
  /** `1 to 255`, `at most 32 items`; empty where the type says it all. */
  readonly bounds: string;
  readonly description: string;
}

interface Json {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly properties?: Readonly<Record<string, Json>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Json | boolean;
  readonly items?: Json;
  readonly 'x-kubernetes-list-type'?: string;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
}

/** @param path where the schema stands, such as `spec`; @param stop whether a field's own fields are told elsewhere. */
export function fieldsOf(schema: z.ZodType, path: string, stop: (path: string) => boolean = () => false): readonly Field[] {
  return below(z.toJSONSchema(schema, { io: 'input', target: 'openapi-3.0' }) as Json, path, stop);
}

function below(json: Json, path: string, stop: (path: string) => boolean): readonly Field[] {
  return Object.entries(json.properties ?? {}).flatMap(([name, field]): readonly Field[] => {
    const at = `${path}.${name}`;
    const own: Field = { path: at, type: typeOf(field), absent: absentOf(field, json.required?.includes(name) ?? false), bounds: boundsOf(field), description: field.description ?? '' };
    if (stop(at)) return [own];
    const inner = field.items === undefined ? below(field, at, stop) : below(field.items, `${at}[]`, stop);
    return [own, ...inner];
  });
}

function typeOf(json: Json): string {
  if (json.enum !== undefined) return json.enum.map((value) => `\`${String(value)}\``).join(' · ');
  switch (json.type) {
    case 'array':
      return `list of ${itemsOf(json)}`;
    case 'object':
      return typeof json.additionalProperties === 'object' ? 'labels' : 'object';
    case 'string':
      return formatOf(json).name;
    case 'integer':
    case 'boolean':
      return json.type;
    default:
      throw new RangeError(`no word for the type of ${JSON.stringify(json)}`);
  }
}

function itemsOf({ items, 'x-kubernetes-list-map-keys': keys, 'x-kubernetes-list-type': list }: Json): string {
  const what = items?.type === 'object' ? 'objects' : items === undefined ? 'anything' : `${typeOf(items)}${items.type === 'string' && items.enum === undefined ? 's' : ''}`;
  if (keys !== undefined) return `${what}, by ${keys.join(' and ')}`;
  return list === 'set' ? `${what}, each once` : what;
}

function absentOf({ default: value }: Json, isRequired: boolean): string {
  if (isRequired) return 'required';
  if (value === undefined || isEmpty(value)) return '';
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}

/** An empty list or mapping is what its absence means anyway. */
function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function boundsOf(json: Json): string {
  const { type, minimum, maximum, minItems = 0, maxItems, maxProperties, maxLength } = json;
  const most = (count: number | undefined) => (count === undefined || count === Number.MAX_SAFE_INTEGER ? undefined : count.toLocaleString('en-US').replaceAll(',', ' '));
  if (type === 'integer') {
    const least = minimum === undefined || minimum === Number.MIN_SAFE_INTEGER ? undefined : minimum.toLocaleString('en-US').replaceAll(',', ' ');
    if (least === undefined) return most(maximum) === undefined ? '' : `at most ${most(maximum)!}`;
    return most(maximum) === undefined ? `at least ${least}` : `${least} to ${most(maximum)!}`;
  }
  if (type === 'array') return `${minItems > 0 ? `${minItems} to ` : 'at most '}${most(maxItems) ?? 'any number of'} items`;
  if (type === 'object') return maxProperties === undefined ? '' : `at most ${maxProperties}`;
  return type === 'string' && json.enum === undefined && boundsLength(formatOf(json)) ? `at most ${most(maxLength) ?? 'any number of'} characters` : '';
}
