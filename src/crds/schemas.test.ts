import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { kindNames, kinds } from './resource.ts';

interface Node {
  readonly type?: string;
  readonly description?: string;
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly additionalProperties?: Node | boolean;
}

/** Every field of a schema with its path. */
function* fields(node: Node, path: string): Generator<readonly [path: string, field: Node]> {
  for (const [name, child] of Object.entries(node.properties ?? {})) {
    yield [`${path}.${name}`, child];
    yield* fields(child, `${path}.${name}`);
  }
  if (node.items !== undefined) yield* fields(node.items, `${path}[]`);
  if (typeof node.additionalProperties === 'object') yield* fields(node.additionalProperties, `${path}{}`);
}

describe.each(kindNames)('the schema of %s', (kind) => {
  const json = z.toJSONSchema(kinds[kind].schema, { io: 'input' });
  const all = [...fields(json as Node, kind)];

  test('describes every field in a sentence', () => {
    expect(all.filter(([, { description }]) => !/^["A-Z].*[.)]$|^[a-z].*\.$/s.test(description ?? '')).map(([path]) => path)).toEqual([]);
  });

  test('gives every field one type, as a structural schema needs', () => {
    expect(all.filter(([, { type }]) => type === undefined).map(([path]) => path)).toEqual([]);
    expect(JSON.stringify(json)).not.toMatch(/"(anyOf|oneOf|allOf|not|\$ref)":/);
  });

  test('keeps to patterns that RE2 reads', () => {
    const patterns = all.flatMap(([, { pattern, items }]) => [pattern, items?.pattern]).filter((pattern) => pattern !== undefined);
    expect(patterns.filter((pattern) => /\(\?|\\[1-9]/.test(pattern))).toEqual([]);
  });
});
