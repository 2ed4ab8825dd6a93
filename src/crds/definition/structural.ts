/** Zod schemas to the structural schemas of a CRD: OpenAPI v3 as the API server demands it. */
import * as z from 'zod';

export interface Structural {
  type?: string;
  description?: string;
  properties?: Record<string, Structural>;
  additionalProperties?: Structural;
  items?: Structural;
  'x-kubernetes-validations'?: Record<string, unknown>[];
  [keyword: string]: unknown;
}

/** What a schema can say and a CRD takes as it stands; in the order in which the file has it. */
const keptKeywords = ['description', 'type', 'default', 'enum', 'pattern', 'minLength', 'maxLength', 'minimum', 'maximum', 'minItems', 'maxItems', 'maxProperties'] as const;
const largestInt32 = 2 ** 31 - 1;

/** Everything of a schema but its rules. Lists that do not say otherwise are atomic. @throws TypeError for a schema that no CRD can have. */
export function structural(schema: z.ZodType): Structural {
  return convert(z.toJSONSchema(schema, { io: 'input', target: 'openapi-3.0' }), '');
}

type Json = Readonly<Record<string, unknown>>;

function convert(json: Json, path: string): Structural {
  const { type } = json;
  if (typeof type !== 'string') throw new TypeError(`${path}: a CRD needs one type for each field, found ${JSON.stringify(json)}`);
  const made: Structural = Object.fromEntries(keptKeywords.flatMap((keyword) => {
    const value = json[keyword];
    return value === undefined || isSafeIntegerBound(value) ? [] : [[keyword, value]];
  }));
  if (type === 'integer') made['format'] = typeof json['maximum'] === 'number' && json['maximum'] <= largestInt32 ? 'int32' : 'int64';
  if (isMapping(json['properties'])) {
    made.properties = Object.fromEntries(Object.entries(json['properties']).map(([name, field]) => [name, convert(field as Json, `${path}.${name}`)]));
    if (Array.isArray(json['required']) && json['required'].length > 0) made['required'] = json['required'];
  }
  if (isMapping(json['additionalProperties'])) made.additionalProperties = convert(json['additionalProperties'], `${path}[*]`);
  if (isMapping(json['items'])) {
    made.items = withoutDefaults(convert(json['items'], `${path}[]`));
    made['x-kubernetes-list-type'] = 'atomic';
  }
  for (const [keyword, value] of Object.entries(json)) {
    if (keyword.startsWith('x-kubernetes-')) made[keyword] = value;
  }
  return made;
}

/**
 * Items of lists get no defaults from the API server: `kubectl apply` and Argo CD compare lists as a whole, and would find
 * each object with such a default changed for ever. Whoever reads an object by our schemas finds the defaults in it all the
 * same; people find them in the description.
 */
function withoutDefaults(item: Structural): Structural {
  const { default: value, ...rest } = item;
  const said = value === undefined || isMapping(value) || Array.isArray(value) ? {} : { description: `${rest.description ?? ''} Default ${typeof value === 'string' ? value : JSON.stringify(value)}.`.trim() };
  const properties = rest.properties === undefined ? {} : { properties: Object.fromEntries(Object.entries(rest.properties).map(([name, field]) => [name, withoutDefaults(field)])) };
  return { ...rest, ...said, ...properties };
}

/** JavaScript's own limit, which zod states for every integer, is no bound of the field. */
function isSafeIntegerBound(value: unknown): boolean {
  return value === Number.MAX_SAFE_INTEGER || value === Number.MIN_SAFE_INTEGER;
}

function isMapping(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
