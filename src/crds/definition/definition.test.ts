import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { kindNames } from '../resource.ts';
import { definitionFile, definitionFileName, definitionOf } from './definition.ts';
import type { Structural } from './structural.ts';

const committed = join(import.meta.dirname, '..', '..', '..', 'deploy', 'crds');

describe('deploy/crds', () => {
  test('has one file for each kind', () => {
    expect(readdirSync(committed).toSorted()).toEqual(kindNames.map(definitionFileName).toSorted());
  });

  test.each(kindNames)('%s is what "npm run generate" writes', (kind) => {
    expect(readFileSync(join(committed, definitionFileName(kind)), 'utf8')).toBe(definitionFile(kind));
  });
});

interface Field {
  readonly path: string;
  readonly schema: Structural;
}

function fields(schema: Structural, path = ''): readonly Field[] {
  return [
    { path, schema },
    ...Object.entries(schema.properties ?? {}).flatMap(([name, field]) => fields(field, `${path}.${name}`)),
    ...(schema.items === undefined ? [] : fields(schema.items, `${path}[]`)),
    ...(schema.additionalProperties === undefined ? [] : fields(schema.additionalProperties, `${path}[*]`)),
  ];
}

function schemaOf(kind: (typeof kindNames)[number]): Structural {
  const [version] = definitionOf(kind).spec['versions'] as readonly { schema: { openAPIV3Schema: Structural } }[];
  return version!.schema.openAPIV3Schema;
}

describe.each(kindNames)('every field of %s', (kind) => {
  const all = fields(schemaOf(kind)).filter(({ path }) => !path.startsWith('.metadata'));
  const pathsWhere = (wrong: (field: Field) => boolean) => all.filter(wrong).map(({ path }) => path);

  test('that has a name has a description', () => {
    expect(pathsWhere(({ path, schema }) => !/[\]]$/.test(path) && schema.description === undefined)).toEqual([]);
  });

  test('is bounded, so that no object outgrows the API server and rules have a cost', () => {
    const free = ['.apiVersion', '.kind'];
    expect(pathsWhere(({ path, schema }) => schema.type === 'string' && schema['enum'] === undefined && schema['maxLength'] === undefined && !free.includes(path))).toEqual([]);
    expect(pathsWhere(({ schema }) => schema.items !== undefined && schema['maxItems'] === undefined)).toEqual([]);
    expect(pathsWhere(({ schema }) => schema.additionalProperties !== undefined && schema['maxProperties'] === undefined)).toEqual([]);
  });

  test('that counts memory, time or size says its unit, in its name or its description', () => {
    const unit = /(MiB|Seconds|Microseconds|Pages|in whole MiB|2Mi|1Gi|microseconds|seconds)/;
    expect(pathsWhere(({ path, schema }) => /(memory|size|latency|seconds)[A-Za-z]*$/i.test(path) && (schema.type === 'string' || schema.type === 'integer') && schema['enum'] === undefined && !unit.test(`${path} ${schema.description ?? ''}`))).toEqual([]);
  });

  test('with a rule is told what would be accepted', () => {
    const messages = all.flatMap(({ schema }) => schema['x-kubernetes-validations'] ?? []).map(({ message }) => String(message));
    expect(messages.filter((message) => !/accepted: |^is required in a VM without a className$/.test(message))).toEqual([]);
  });
});
