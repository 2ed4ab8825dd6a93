/** Something a person has to mend in what a store holds; everything else is served meanwhile. */
import type { DocumentProblem } from '../crds/document-problem.ts';
import type { ResourceRef } from '../crds/resource.ts';

/** The codes of a store's own problems; those of documents that cannot be accepted are in crds/parse-files.ts. */
export type StoreProblemCode =
  /** The manifest of an object is gone, or no longer describes it; the object stays. */
  | 'MANIFEST_MISSING'
  /** Two manifests describe one object; the one it came from stays in force. */
  | 'MANIFEST_DUPLICATE'
  /** A manifest still describes an object that was deleted by command. */
  | 'MANIFEST_DELETED'
  /** A manifest has changed for an object that is being deleted. */
  | 'MANIFEST_DELETING'
  | 'MANIFEST_UNREADABLE'
  /** A state file cannot be read; its object is not served. */
  | 'STATE_DAMAGED'
  /** The store as a whole cannot be read or written just now; what it said last still stands. */
  | 'STORE_FAILED';

/** `code` is a {@link StoreProblemCode}, or a code of the parser. An object keeps its last good spec. */
export type StoreProblem = DocumentProblem;

export function storeProblem(code: StoreProblemCode, where: { readonly file: string; readonly line?: number | undefined; readonly resource?: ResourceRef | undefined }, message: string): StoreProblem {
  return { code, ...where, path: '', message };
}
