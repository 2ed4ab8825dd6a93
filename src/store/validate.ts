/** Checks an object against the schema of its kind. */
import { formatProblems } from '../crds/document-problem.ts';
import { explainIssue } from '../crds/explain-issue.ts';
import { formatRef, kinds } from '../crds/resource.ts';
import { StoreError } from './errors.ts';
import type { AnyStored, ObjectKey } from './resource.ts';
import type { Kind, ResourceRef } from '../crds/resource.ts';

/** The object with defaults filled in, or what is wrong with it, one line for each field. */
export function check(object: AnyStored): AnyStored | string {
  const { schema } = kinds[object.kind];
  const result = schema.safeParse(object);
  if (result.success) return result.data as unknown as AnyStored;
  return formatProblems(result.error.issues.flatMap((issue) => explainIssue(issue, schema, object)));
}

/**
 * The same, for what a caller wants written.
 * @throws StoreError INVALID.
 */
export function valid(object: AnyStored): AnyStored {
  const checked = check(object);
  if (typeof checked !== 'string') return checked;
  const { kind, metadata: { namespace, name } } = object;
  throw new StoreError('INVALID', `${formatRef({ kind, namespace, name })} is not valid: ${checked}`);
}

/**
 * The full name of an object.
 * @throws StoreError INVALID for a namespace that is missing, or that a kind of the whole cluster does not have.
 */
export function refTo(kind: Kind, { namespace, name }: ObjectKey): ResourceRef {
  const namespaced = kinds[kind].scope === 'Namespaced';
  if (namespaced === (namespace === undefined)) {
    throw new StoreError('INVALID', `${kind} ${name}: ${namespaced ? 'a namespace is required' : `belongs to the whole cluster and has no namespace, found ${JSON.stringify(namespace)}`}`);
  }
  return { kind, namespace, name };
}
