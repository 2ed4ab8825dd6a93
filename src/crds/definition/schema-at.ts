/** Finds a field of a structural schema. */
import type { Structural } from './structural.ts';

/** @param path such as `spec.disks[].name`. @throws RangeError where the schema has no such field. */
export function schemaAt(root: Structural, path: string): Structural {
  let schema: Structural | undefined = root;
  for (const step of path.split('.')) {
    schema = schema.properties?.[step.replace('[]', '')];
    if (step.endsWith('[]')) schema = schema?.items;
    if (schema === undefined) throw new RangeError(`the schema has no field ${path}`);
  }
  return schema;
}
