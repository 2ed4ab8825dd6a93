// Reads the chart's values with the comments that explain and narrow them.
import { isMap, isScalar, parseDocument } from 'yaml';
import type { Pair, YAMLMap } from 'yaml';

export interface ValueEntry {
  /** From the root: `['controller', 'replicas']`. */
  readonly path: readonly string[];
  /** As JSON. */
  readonly value: unknown;
  /** One paragraph of markdown. */
  readonly description: string;
  /** JSON schema of the value, as far as its comment says. */
  readonly schema: Readonly<Record<string, unknown>>;
}

/** A group of values: explained by its values. */
export interface ValueGroup {
  readonly path: readonly string[];
  readonly children: readonly (ValueEntry | ValueGroup)[];
}

/** @throws Error naming the value that has no explanation, or whose `@schema` is no JSON. */
export function readValues(text: string): ValueGroup {
  const document = parseDocument(text);
  if (document.errors.length > 0 || !isMap(document.contents)) throw new Error(`values.yaml: ${document.errors[0]?.message ?? 'a mapping was expected'}`);
  return readGroup(document.contents, []);
}

export function isGroup(node: ValueEntry | ValueGroup): node is ValueGroup {
  return 'children' in node;
}

/** All values, in the order of the file. */
export function allEntries({ children }: ValueGroup): readonly ValueEntry[] {
  return children.flatMap((child) => (isGroup(child) ? allEntries(child) : [child]));
}

function readGroup(map: YAMLMap, path: readonly string[]): ValueGroup {
  return { path, children: map.items.map((pair, index) => readPair(pair, index === 0 ? map : undefined, path)) };
}

/** @param before - the mapping, for its first pair: the parser gives it that pair's comment. */
function readPair(pair: Pair, before: YAMLMap | undefined, parent: readonly string[]): ValueEntry | ValueGroup {
  if (!isScalar(pair.key)) throw new Error(`values.yaml: ${parent.join('.')}: a plain key was expected`);
  const path = [...parent, String(pair.key.value)];
  const comment = pair.key.commentBefore ?? before?.commentBefore ?? '';
  if (!comment.includes('--') && isMap(pair.value) && pair.value.items.length > 0) return readGroup(pair.value, path);
  const description = /(?:^|\n)\s*--\s+([^]*?)(?=\n\s*@schema|$)/.exec(comment)?.[1]?.replace(/\s*\n\s*/g, ' ').trim();
  if (description === undefined) throw new Error(`values.yaml: ${path.join('.')} has no comment that begins with "--"`);
  const schema = /(?:^|\n)\s*@schema\s+(.*)$/.exec(comment)?.[1];
  try {
    const value: unknown = isScalar(pair.value) || pair.value === null ? (isScalar(pair.value) ? pair.value.value : null) : (pair.value as YAMLMap).toJSON();
    return { path, value, description, schema: schema === undefined ? {} : JSON.parse(schema) as Record<string, unknown> };
  } catch (error) {
    throw new Error(`values.yaml: ${path.join('.')}: its @schema is no JSON: ${schema ?? ''}`, { cause: error });
  }
}
