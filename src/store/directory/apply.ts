/** What applying a person's files changes: a manifest of the store's own, and an object, for each document. All documents, or none. */
import { parseFiles } from '../../crds/parse-files.ts';
import type { SourceFile } from '../../crds/parse-files.ts';
import { formatProblems } from '../../crds/document-problem.ts';
import type { DocumentProblem } from '../../crds/document-problem.ts';
import { formatRef } from '../../crds/resource.ts';
import type { ResourceRef } from '../../crds/resource.ts';
import { StoreError } from '../errors.ts';
import { storeProblem } from '../problem.ts';
import type { StoreProblem, StoreProblemCode } from '../problem.ts';
import { manifestDocument } from './manifest.ts';
import type { ManifestDocument } from './manifest.ts';
import { fileStem } from './object-name.ts';
import { holdersByStem, sayTheSame } from './reconcile.ts';
import type { Survey } from './reconcile.ts';

export type AppliedChange = 'created' | 'configured' | 'unchanged';

export interface AppliedObject {
  readonly ref: ResourceRef;
  readonly change: AppliedChange;
}

/** Files that cannot be applied as they are; nothing was changed. */
export class ApplyError extends StoreError {
  override readonly name = 'ApplyError';
  readonly problems: readonly DocumentProblem[];

  constructor(problems: readonly DocumentProblem[]) {
    super('INVALID', formatProblems(problems));
    this.problems = problems;
  }
}

export interface PlannedDocument {
  readonly stem: string;
  readonly document: ManifestDocument;
  readonly change: AppliedChange;
}

/** @throws ApplyError with every problem of every file. */
export function parseForApply(files: readonly SourceFile[]): readonly (ManifestDocument & { readonly file: string })[] {
  const { documents, problems } = parseFiles(files);
  if (problems.length > 0) throw new ApplyError(problems);
  return documents.map((document) => ({ ...manifestDocument(document), file: document.file }));
}

/**
 * What each document changes. The survey must be of now, and no manifest in it still to be taken over.
 * @throws ApplyError for an object that a person's own file in `manifests/` describes otherwise, that is being deleted, or whose state is damaged.
 */
export function planApply(documents: ReturnType<typeof parseForApply>, survey: Survey, ownManifest: (ref: ResourceRef) => string): readonly PlannedDocument[] {
  const holders = holdersByStem(survey.manifests);
  const problems: StoreProblem[] = [];
  const planned = documents.map((document): PlannedDocument => {
    const { name, draft, file, line } = document;
    const stem = fileStem(name);
    const refuse = (code: StoreProblemCode, message: string) => problems.push(storeProblem(code, { file, line, resource: name }, message));
    const record = survey.records.get(stem);
    const damage = survey.damaged.get(stem);
    const same = record !== undefined && sayTheSame(draft, record.object);
    const other = holders.get(stem)?.find(({ manifest }) => manifest.name !== ownManifest(name));
    if (damage !== undefined) refuse('STATE_DAMAGED', `${formatRef(name)} cannot be changed: ${damage.file}: ${damage.message}`);
    else if (record?.object.metadata.deletionTimestamp !== undefined) refuse('MANIFEST_DELETING', `${formatRef(name)} is being deleted; apply it again when it is gone`);
    else if (!same && other !== undefined) refuse('MANIFEST_DUPLICATE', `${formatRef(name)} is already described by ${other.manifest.file}:${other.document.line}; edit it there, or remove it there first`);
    return { stem, document, change: record === undefined ? 'created' : same ? 'unchanged' : 'configured' };
  });
  if (problems.length > 0) throw new ApplyError(problems);
  return planned;
}
