/** Checks an object against the schema of its kind. */
import { formatProblems } from '../crds/document-problem.ts';
import { explainIssue } from '../crds/explain-issue.ts';
import { formatRef, kinds } from '../crds/resource.ts';
import { StoreError } from './errors.ts';
import { parseIgnoringNewer } from './newer-fields.ts';
import type { AnyStored, ObjectKey } from './resource.ts';
import type { Kind, ResourceRef } from '../crds/resource.ts';

/** The object with defaults filled in, or what is wrong with it, one line for each field. */
function check(object: AnyStored): AnyStored | string {
  return outcomeOf(object, kinds[object.kind].schema.safeParse(object));
}

/** The same, for what is stored: a newer version may have written it, and its fields that this one does not know are left out. */
export function checkStored(object: AnyStored): AnyStored | string {
  return outcomeOf(object, parseIgnoringNewer(kinds[object.kind].schema, object));
}

function outcomeOf(object: AnyStored, result: ReturnType<typeof parseIgnoringNewer>): AnyStored | string {
  if (result.success) return result.data as AnyStored;
  const { schema } = kinds[object.kind];
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
