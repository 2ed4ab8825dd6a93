/** Compares the manifests with the objects made from them: what is to be taken over, and what a person has to mend. Absence changes nothing. */
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { formatRef } from '../../crds/resource.ts';
import type { Authored } from '../change.ts';
import { storeProblem } from '../problem.ts';
import type { StoreProblem, StoreProblemCode } from '../problem.ts';
import type { AnyStored, Draft } from '../resource.ts';
import type { Manifest, ManifestDocument } from './manifest.ts';
import { fileStem } from './object-name.ts';
import { nameOf } from './record.ts';
import type { StoredRecord } from './record.ts';

/** Everything in a state directory, read at one time. Keys are file stems of objects, or, for manifests, file names. */
export interface Survey {
  readonly manifestsDirectory: string;
  readonly manifests: ReadonlyMap<string, Manifest>;
  readonly records: ReadonlyMap<string, StoredRecord>;
  /** Problems with state files, by stem: of these objects nothing is known, so nothing is done to them. */
  readonly damaged: ReadonlyMap<string, StoreProblem>;
  /** Objects that were deleted by command while a manifest of a person described them, as they were last. */
  readonly deleted: ReadonlyMap<string, StoredRecord>;
}

/** An object that a manifest describes in a way that is not stored yet. */
export interface Adoption {
  readonly stem: string;
  readonly manifest: string;
  readonly draft: Draft;
  /** Absent for a new object. */
  readonly current?: StoredRecord | undefined;
}

export interface Reconciled {
  readonly adoptions: readonly Adoption[];
  /** Stems whose deletion need not be remembered any longer, as no manifest describes them. */
  readonly forgotten: readonly string[];
  readonly problems: readonly StoreProblem[];
}

export interface Holder {
  readonly manifest: Manifest;
  readonly document: ManifestDocument;
}

/** What of an object is its author's to say. */
export function authorOf({ spec, metadata: { labels, annotations } }: Draft | AnyStored): Authored {
  return { spec, labels, annotations };
}

/** Whether two authors say the same. */
export function sayTheSame(one: Draft | AnyStored, other: Draft | AnyStored): boolean {
  return isDeepStrictEqual(one.spec, other.spec)
    && isDeepStrictEqual(one.metadata.labels ?? {}, other.metadata.labels ?? {})
    && isDeepStrictEqual(one.metadata.annotations ?? {}, other.metadata.annotations ?? {});
}

export function reconcile(survey: Survey): Reconciled {
  const adoptions: Adoption[] = [];
  const problems: StoreProblem[] = [...survey.manifests.values()].flatMap((manifest) => manifest.problems);
  problems.push(...survey.damaged.values());

  const holders = holdersByStem(survey.manifests);
  for (const [stem, held] of holders) {
    const { chosen, duplicates } = choose(held, survey, stem);
    problems.push(...duplicates);
    if (chosen === undefined || survey.damaged.has(stem)) continue;
    const { manifest, document: { draft, line, name } } = chosen;
    const current = survey.records.get(stem);
    const report = (code: StoreProblemCode, message: string) => problems.push(storeProblem(code, { file: manifest.file, line, resource: name }, `${formatRef(name)} ${message}`));
    if (current === undefined) {
      const last = survey.deleted.get(stem);
      if (last !== undefined && sayTheSame(draft, last.object)) report('MANIFEST_DELETED', 'was deleted by command and stays deleted; remove it from this file, or change it here to have it made anew');
      else adoptions.push({ stem, manifest: manifest.name, draft });
      continue;
    }
    const same = sayTheSame(draft, current.object);
    if (current.object.metadata.deletionTimestamp !== undefined) {
      if (same) report('MANIFEST_DELETED', 'is being deleted by command; remove it from this file');
      else report('MANIFEST_DELETING', 'is being deleted; what this file says now is taken up when that has ended');
    } else if (!same || current.manifest !== manifest.name) {
      adoptions.push({ stem, manifest: manifest.name, draft, current });
    }
  }
  problems.push(...missing(survey, holders));

  const unclear = [...survey.manifests.values()].some((manifest) => manifest.problems.length > 0);
  const forgotten = unclear ? [] : [...survey.deleted.keys()].filter((stem) => !holders.has(stem));
  return { adoptions, forgotten, problems };
}

export function holdersByStem(manifests: ReadonlyMap<string, Manifest>): ReadonlyMap<string, readonly Holder[]> {
  const holders = new Map<string, Holder[]>();
  for (const manifest of manifests.values()) {
    for (const document of manifest.documents) {
      const stem = fileStem(document.name);
      const held = holders.get(stem);
      if (held === undefined) holders.set(stem, [{ manifest, document }]);
      else held.push({ manifest, document });
    }
  }
  return holders;
}

/**
 * Of several manifests for one object, the one that it came from; without one, the first by file name. The others are problems.
 * None is chosen while the manifest that it came from cannot be read in full, since that may still describe it.
 */
function choose(held: readonly Holder[], survey: Survey, stem: string): { readonly chosen: Holder | undefined; readonly duplicates: readonly StoreProblem[] } {
  const origin = survey.records.get(stem)?.manifest;
  const fromOrigin = held.find(({ manifest }) => manifest.name === origin);
  const unclear = fromOrigin === undefined && origin !== undefined ? survey.manifests.get(origin) : undefined;
  const chosen = (unclear?.problems.length ?? 0) > 0 ? undefined : (fromOrigin ?? held[0]);
  const winner = chosen === undefined ? unclear!.file : `${chosen.manifest.file}:${chosen.document.line}`;
  const duplicates = held.filter((holder) => holder !== chosen).map(({ manifest, document: { line, name } }) =>
    storeProblem('MANIFEST_DUPLICATE', { file: manifest.file, line, resource: name }, `${formatRef(name)} is already described by ${winner}, which stays in force; remove one of the two`));
  return { chosen, duplicates };
}

/** Objects whose manifest is gone or no longer describes them, unless that manifest's own problems explain it. */
function missing(survey: Survey, holders: ReadonlyMap<string, readonly Holder[]>): readonly StoreProblem[] {
  const problems: StoreProblem[] = [];
  for (const [stem, { manifest: origin, object }] of survey.records) {
    if (origin === undefined || object.metadata.deletionTimestamp !== undefined || holders.has(stem)) continue;
    const manifest = survey.manifests.get(origin);
    if (manifest !== undefined && manifest.problems.length > 0) continue;
    const resource = nameOf(object);
    const what = manifest === undefined ? `this file is gone, but ${formatRef(resource)} came from it` : `${formatRef(resource)} is no longer in this file`;
    problems.push(storeProblem('MANIFEST_MISSING', { file: path.join(survey.manifestsDirectory, origin), resource }, `${what}; it stays with its last spec. Put it back, or delete it with \`rtvm delete\``));
  }
  return problems;
}
