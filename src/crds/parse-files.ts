/** Files to resources: YAML, then schemas, with each problem at its file, line and field. */
import { nearest } from '../realtime/nearest.ts';
import { accepted, refused } from '../realtime/problem.ts';
import type { Checked, FieldProblem } from '../realtime/problem.ts';
import type { DocumentProblem } from './document-problem.ts';
import { explainIssue } from './explain-issue.ts';
import { parsePath } from './field-path.ts';
import { apiVersion, defaultNamespace } from './metadata.ts';
import { formatRef, isKind, kindNames, kinds, refOf } from './resource.ts';
import type { Resource, ResourceRef } from './resource.ts';
import { childPosition, lineOfPath } from './yaml-positions.ts';
import type { Position } from './yaml-positions.ts';
import { yamlDocuments } from './yaml-documents.ts';

export interface SourceFile {
  /** Only for messages: a path, or `-` for standard input. */
  readonly file: string;
  readonly text: string;
}

/** One resource as a file has it, checked and with defaults filled in. */
export interface ParsedDocument {
  readonly file: string;
  /** Where the document begins; 1-based. */
  readonly line: number;
  readonly resource: Resource;
  readonly position: Position;
}

export interface ParsedFiles {
  /** Those that are fine, in order. */
  readonly documents: readonly ParsedDocument[];
  readonly problems: readonly DocumentProblem[];
}

/**
 * @param options.namespace of resources that name none; `default` where it is not given.
 *
 * Reads files of any number of documents; `v1 List` and lists of one kind are taken apart, empty documents are skipped.
 * Never throws for what is in them. Codes: `YAML_SYNTAX`, `API_VERSION`, `KIND_UNKNOWN`, `RESOURCE_TWICE`, and those of
 * fields: `FIELD_UNKNOWN`, `FIELD_REQUIRED`, `FIELD_TYPE`, `FIELD_VALUE`, `FIELD_RANGE`, `FIELD_FORMAT`.
 */
export function parseFiles(files: readonly SourceFile[], { namespace = defaultNamespace }: { readonly namespace?: string } = {}): ParsedFiles {
  const documents: ParsedDocument[] = [];
  const problems: DocumentProblem[] = [];
  const places = new Map<string, ParsedDocument>();
  for (const { file, text } of files) {
    const yaml = yamlDocuments(text);
    problems.push(...yaml.problems.map(({ line, message }) => ({ file, line, code: 'YAML_SYNTAX', path: '', message })));
    for (const raw of yaml.documents.flatMap(takeApart)) {
      const checked = checkResource(inNamespace(raw.value, namespace));
      if (!checked.ok) {
        problems.push(...checked.problems.map((problem) => locate({ file, position: raw.position, resource: rawRef(raw.value) }, problem)));
        continue;
      }
      const document: ParsedDocument = { file, line: raw.position.line, resource: checked.value, position: raw.position };
      const name = formatRef(refOf(document.resource));
      const earlier = places.get(name);
      if (earlier === undefined) {
        places.set(name, document);
        documents.push(document);
      } else {
        problems.push(problemIn(document, { code: 'RESOURCE_TWICE', path: 'metadata.name', value: document.resource.metadata.name, message: `${name} is already at ${earlier.file}:${earlier.line}; accepted: one document for each resource` }));
      }
    }
  }
  return { documents, problems };
}

/** A problem that a later step found in a document, with its file and line. */
export function problemIn(document: ParsedDocument, problem: FieldProblem): DocumentProblem {
  return locate({ file: document.file, position: document.position, resource: refOf(document.resource) }, problem);
}

function locate({ file, position, resource }: { readonly file: string; readonly position: Position; readonly resource: ResourceRef | undefined }, problem: FieldProblem): DocumentProblem {
  return { file, line: lineOfPath(position, parsePath(problem.path)), resource, ...problem };
}

interface RawDocument {
  readonly value: unknown;
  readonly position: Position;
}

/** The items of a list, else the document itself. */
function takeApart(document: RawDocument): readonly RawDocument[] {
  const { value, position } = document;
  if (!isMapping(value) || !Array.isArray(value['items']) || typeof value['kind'] !== 'string' || !value['kind'].endsWith('List')) return [document];
  return value['items'].flatMap((item: unknown, index) => takeApart({ value: item, position: childPosition(position, ['items', index]) }));
}

/** The value as it is, or in the namespace where it names none and its kind is not of the whole cluster. */
function inNamespace(value: unknown, namespace: string): unknown {
  if (namespace === defaultNamespace || !isMapping(value) || !isKind(value['kind']) || kinds[value['kind']].scope === 'Cluster') return value;
  const { metadata } = value;
  return isMapping(metadata) && metadata['namespace'] === undefined ? { ...value, metadata: { ...metadata, namespace } } : value;
}

/** Checks a value by the schema of its kind, and fills in defaults. */
function checkResource(value: unknown): Checked<Resource> {
  if (!isMapping(value)) return refused({ code: 'FIELD_TYPE', path: '', value, message: `is not a resource; accepted: a mapping with apiVersion, kind, metadata and spec` });
  const { kind } = value;
  if (!isKind(kind)) return refused(unknownKind(kind));
  if (value['apiVersion'] !== apiVersion) {
    return refused({ code: 'API_VERSION', path: 'apiVersion', value: value['apiVersion'], message: `${value['apiVersion'] === undefined ? 'is required' : 'is not known'}; accepted: ${apiVersion}` });
  }
  const { schema } = kinds[kind];
  const result = schema.safeParse(value);
  if (!result.success) return refused(...result.error.issues.flatMap((issue) => explainIssue(issue, schema, value)));
  return accepted(result.data as unknown as Resource);
}

function unknownKind(kind: unknown): FieldProblem {
  const similar = typeof kind === 'string' ? nearest(kind, kindNames) : undefined;
  const hint = similar === undefined ? `accepted: ${kindNames.join(', ')}` : `did you mean ${similar}?`;
  return { code: 'KIND_UNKNOWN', path: 'kind', value: kind, message: `${kind === undefined ? 'is required' : 'is not a kind of rtvm'}; ${hint}` };
}

/** As much of the name as can be read from what is not a valid resource. */
function rawRef(value: unknown): ResourceRef | undefined {
  if (!isMapping(value) || !isKind(value['kind']) || !isMapping(value['metadata'])) return undefined;
  const { name, namespace } = value['metadata'];
  if (typeof name !== 'string') return undefined;
  if (kinds[value['kind']].scope === 'Cluster') return { kind: value['kind'], name };
  return { kind: value['kind'], namespace: typeof namespace === 'string' ? namespace : defaultNamespace, name };
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
