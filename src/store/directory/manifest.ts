/** One file in `manifests/`: the objects that it describes, and what is wrong with it. */
import { CORE_SCHEMA, dump } from 'js-yaml';
import { apiVersion } from '../../crds/metadata.ts';
import { parseFiles } from '../../crds/parse-files.ts';
import type { ParsedDocument } from '../../crds/parse-files.ts';
import { refOf } from '../../crds/resource.ts';
import type { ResourceRef } from '../../crds/resource.ts';
import { plain } from '../change.ts';
import { storeProblem } from '../problem.ts';
import type { StoreProblem } from '../problem.ts';
import type { Draft } from '../resource.ts';

export const manifestSuffixes = ['.yaml', '.yml', '.json'];

export interface ManifestDocument {
  readonly name: ResourceRef;
  /** 1-based, where the document begins. */
  readonly line: number;
  readonly draft: Draft;
}

export interface Manifest {
  /** Within `manifests/`. */
  readonly name: string;
  /** The whole path, for messages. */
  readonly file: string;
  readonly documents: readonly ManifestDocument[];
  readonly problems: readonly StoreProblem[];
}

/** @param content the text of the file, or why it cannot be read. */
export function readManifest(name: string, file: string, content: string | Error): Manifest {
  if (content instanceof Error) return { name, file, documents: [], problems: [storeProblem('MANIFEST_UNREADABLE', { file }, content.message)] };
  const { documents, problems } = parseFiles([{ file, text: content }]);
  return { name, file, documents: documents.map(manifestDocument), problems };
}

/** What a document says of its object; an identity or a status in it is not its author's to say. */
export function manifestDocument({ line, resource }: ParsedDocument): ManifestDocument {
  const name = refOf(resource);
  const { labels, annotations } = resource.metadata;
  return { name, line, draft: plain({ kind: name.kind, metadata: { name: name.name, namespace: name.namespace, labels, annotations }, spec: resource.spec }) };
}

/** The text of a manifest that describes one object. */
export function formatManifest({ kind, metadata: { name, namespace, labels, annotations }, spec }: Draft): string {
  return dump(plain({ apiVersion, kind, metadata: { name, namespace, labels, annotations }, spec }), { schema: CORE_SCHEMA, lineWidth: -1, noRefs: true });
}
