/** Reads what a newer version has written: without the fields that this one does not know; all else must be right. */
import type * as z from 'zod';

/** As the schema's own `safeParse`. */
export function parseIgnoringNewer<Out>(schema: z.ZodType<Out>, value: unknown): z.ZodSafeParseResult<Out> {
  const result = schema.safeParse(value);
  return result.success ? result : schema.safeParse(withoutUnknown(value, result.error.issues));
}

/** A copy without the fields that the schema called unknown. */
function withoutUnknown(value: unknown, issues: readonly z.core.$ZodIssue[]): unknown {
  const copy = structuredClone(value);
  for (const issue of issues) {
    if (issue.code !== 'unrecognized_keys') continue;
    const parent = issue.path.reduce((at, step) => Reflect.get(at, step) as object, copy as object);
    for (const key of issue.keys) Reflect.deleteProperty(parent, key);
  }
  return copy;
}
