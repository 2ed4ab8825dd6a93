// Manifests of Kubernetes' own kinds against its OpenAPI schema, without a cluster: types, required fields and formats by validators
// that are generated from it, and fields that no kind has by the client library's models, which are generated from it too.
import * as models from '@kubernetes/client-node';
import type { Manifest } from './chart.ts';

interface Attribute {
  readonly name: string;
  readonly baseName: string;
  readonly type: string;
}

/** @returns what is wrong with it, each with its path; nothing where it is fine. @throws Error for a kind that Kubernetes does not have. */
export async function problemsOf(manifest: Manifest): Promise<readonly string[]> {
  const { apiVersion, kind } = manifest;
  const validators = await import(/* @vite-ignore */ `kubernetes-models/${apiVersion}/${kind}`) as Readonly<Record<string, new (data: object) => { validate(): void }>>;
  const version = apiVersion.split('/').at(-1)!;
  const unknown = unknownFields(manifest, `${version[0]!.toUpperCase()}${version.slice(1)}${kind}`, nameOfRoot(manifest));
  try {
    new validators[kind]!(manifest).validate();
    return unknown;
  } catch (error) {
    return [`${nameOfRoot(manifest)}: ${error instanceof Error ? error.message : String(error)}`, ...unknown];
  }
}

function nameOfRoot({ kind, metadata: { name } }: Manifest): string {
  return `${kind}/${name}`;
}

function unknownFields(value: unknown, type: string, path: string): readonly string[] {
  const [, list] = /^Array<(.*)>$/.exec(type) ?? [];
  if (list !== undefined) return Array.isArray(value) ? value.flatMap((item, index) => unknownFields(item, list, `${path}[${index}]`)) : [`${path}: no list`];
  const [, map] = /^\{ \[key: string\]: (.*); \}$/.exec(type) ?? [];
  if (map !== undefined) return Object.entries(value as object).flatMap(([key, item]) => unknownFields(item, map, `${path}.${key}`));
  const attributes = attributesOf(type);
  if (attributes === undefined) return [];
  return Object.entries(value as object).flatMap(([key, item]) => {
    const attribute = attributes.find(({ baseName }) => baseName === key);
    return attribute === undefined ? [`${path}.${key}: there is no such field in ${type}`] : unknownFields(item, attribute.type, `${path}.${key}`);
  });
}

/** Undefined for what has no fields: strings, quantities, anything. */
function attributesOf(type: string): readonly Attribute[] | undefined {
  const model = (models as unknown as Readonly<Record<string, { getAttributeTypeMap?: () => readonly Attribute[] } | undefined>>)[type];
  return model?.getAttributeTypeMap?.();
}
