/** Reads what a newer version has written: the fields that this one does not know are left out, and everything else must be right. */
import type * as z from 'zod';

/** As the schema's own `safeParse`. */
export function parseIgnoringNewer<Schema extends z.ZodType>(schema: Schema, value: unknown): z.ZodSafeParseResult<z.output<Schema>> {
  const result = schema.safeParse(value);
  return result.success ? result : schema.safeParse(withoutUnknown(value, result.error.issues));
}

/** A copy without the fields that the schema called unknown. */
function withoutUnknown(value: unknown, issues: readonly z.core.$ZodIssue[]): unknown {
  const copy = structuredClone(value);
  for (const issue of issues) {
    if (issue.code !== 'unrecognized_keys') continue;
    const parent = issue.path.reduce<unknown>((at, step) => (at as Readonly<Record<PropertyKey, unknown>>)[step], copy);
    for (const key of issue.keys) Reflect.deleteProperty(parent as object, key);
  }
  return copy;
}
