/** Reads what a newer version has written: the fields that this one does not know are left out, and everything else must be right. */
import type { kinds } from '../crds/resource.ts';
import type { Kind } from '../crds/resource.ts';

type Schema = (typeof kinds)[Kind]['schema'];
type Parsed = ReturnType<Schema['safeParse']>;
type Issue = NonNullable<Parsed['error']>['issues'][number];

/** As the schema's own `safeParse`. */
export function parseIgnoringNewer(schema: Schema, value: object): Parsed {
  const result = schema.safeParse(value);
  return result.success ? result : schema.safeParse(withoutUnknown(value, result.error.issues));
}

/** A copy without the fields that the schema called unknown. */
function withoutUnknown(value: object, issues: readonly Issue[]): unknown {
  const copy: unknown = structuredClone(value);
  for (const issue of issues) {
    if (issue.code !== 'unrecognized_keys') continue;
    const parent = issue.path.reduce<unknown>((at, step) => (at as Readonly<Record<PropertyKey, unknown>>)[step], copy);
    for (const key of issue.keys) Reflect.deleteProperty(parent as object, key);
  }
  return copy;
}
