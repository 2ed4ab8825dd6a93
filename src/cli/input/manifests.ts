/** Everything that a set of manifests says, checked and resolved as far as the files themselves allow. */
import type { DocumentProblem } from '../../crds/document-problem.ts';
import { parseFiles, problemIn } from '../../crds/parse-files.ts';
import type { ParsedDocument, ParsedFiles } from '../../crds/parse-files.ts';
import type { RealtimeAllocation } from '../../crds/realtime-allocation.ts';
import { formatRef } from '../../crds/resource.ts';
import type { Kind, ResourceByKind, ResourceRef } from '../../crds/resource.ts';
import { toClassSpec } from '../../crds/to-class-spec.ts';
import { toHostInventory } from '../../crds/to-host-inventory.ts';
import { toImageSpec } from '../../crds/to-image-spec.ts';
import { toVmSpec } from '../../crds/to-vm-spec.ts';
import type { Guest } from '../../realtime/guest.ts';
import type { HostInventory } from '../../realtime/host.ts';
import { accepted } from '../../realtime/problem.ts';
import type { Checked, FieldProblem } from '../../realtime/problem.ts';
import { imageKey } from '../../realtime/resolve/lookup.ts';
import { checkClass, resolveGuest } from '../../realtime/resolve/resolve-guest.ts';
import type { VmSpec } from '../../realtime/spec.ts';
import type { Io } from '../io.ts';
import { readInputFiles } from './read-files.ts';

/** A RealtimeVM of the files, and the guest that it makes. */
export interface ManifestVm {
  readonly spec: VmSpec;
  readonly guest: Guest;
}

export interface Manifests {
  /** Every resource that parsed, in the order of the files. */
  readonly documents: readonly ParsedDocument[];
  readonly vms: readonly ManifestVm[];
  readonly hosts: readonly HostInventory[];
  readonly allocations: readonly RealtimeAllocation[];
  readonly problems: readonly DocumentProblem[];
  readonly warnings: readonly DocumentProblem[];
}

/** What becomes of a VM whose class or image is not among the files. */
export type MissingReferences = 'warn' | 'refuse';

/**
 * Reads and checks files, directories and standard input. What is wrong in them becomes problems, in the order of the
 * files.
 * @throws CommandError where a path cannot be read.
 */
export async function loadManifests(paths: readonly string[], missing: MissingReferences, io: Io): Promise<Manifests> {
  return checkManifests(parseFiles(await readInputFiles(paths, io)), missing);
}

/** As {@link loadManifests}, of files that have been read. */
export function checkManifests(parsed: ParsedFiles, missing: MissingReferences): Manifests {
  const collected = new Collected(parsed);
  const classes = collected.each('RealtimeVMClass', toClassSpec);
  for (const { document, value } of classes) collected.take(document, checkClass(value));
  const images = collected.each('RealtimeImage', toImageSpec);
  const hosts = collected.each('RealtimeNode', (node) => (
    // What people commit of a host is its spec alone: nothing is wrong with that, but nothing can be placed on it.
    missing === 'warn' && node.status?.topology === undefined ? accepted(undefined) : toHostInventory(node)
  ));
  const context = {
    classes: new Map(classes.map(({ value }) => [value.name, value])),
    images: new Map(images.map(({ value }) => [imageKey(value.namespace, value.name), value])),
  };
  const vms = collected.each('RealtimeVM', toVmSpec).flatMap(({ document, value: spec }) => {
    const guest = resolveGuest(spec, context);
    if (guest.ok) return [{ spec, guest: collected.take(document, guest)! }];
    const [missingHere, others] = partition(guest.problems, isMissingReference);
    // A class that is there and wrong has been told already.
    const unknown = missingHere.filter((problem) => !collected.isRefused(missingRef(problem, spec)));
    if (missing === 'warn') collected.warn(document, unknown.map((problem) => notAmongFiles(problem, spec)));
    collected.refuse(document, missing === 'warn' ? others : [...others, ...unknown]);
    return [];
  });
  return {
    documents: parsed.documents,
    vms,
    hosts: hosts.map(({ value }) => value).filter((value) => value !== undefined),
    allocations: parsed.documents.flatMap(({ resource }) => (resource.kind === 'RealtimeAllocation' ? [resource] : [])),
    ...collected.inOrder(),
  };
}

/** Problems and warnings of all documents, as they are found. */
class Collected {
  readonly #parsed: ParsedFiles;
  readonly #problems: DocumentProblem[];
  readonly #warnings: DocumentProblem[] = [];

  constructor(parsed: ParsedFiles) {
    this.#parsed = parsed;
    this.#problems = [...parsed.problems];
  }

  /** Converts the resources of one kind; those that cannot be become problems. */
  each<K extends Kind, Value>(kind: K, convert: (resource: ResourceByKind[K]) => Checked<Value>): { document: ParsedDocument; value: Value }[] {
    return this.#parsed.documents.flatMap((document) => {
      if (document.resource.kind !== kind) return [];
      const value = this.take(document, convert(document.resource as ResourceByKind[K]));
      return value === undefined ? [] : [{ document, value }];
    });
  }

  /** The value, its warnings noted; or undefined, its problems noted. */
  take<Value>(document: ParsedDocument, checked: Checked<Value>): Value | undefined {
    if (checked.ok) {
      this.warn(document, checked.warnings);
      return checked.value;
    }
    this.refuse(document, checked.problems);
    return undefined;
  }

  refuse(document: ParsedDocument, problems: readonly FieldProblem[]): void {
    this.#problems.push(...problems.map((problem) => problemIn(document, problem)));
  }

  /** Whether a problem of this resource has been found. */
  isRefused(ref: ResourceRef): boolean {
    return this.#problems.some(({ resource }) => resource !== undefined && formatRef(resource) === formatRef(ref));
  }

  warn(document: ParsedDocument, warnings: readonly FieldProblem[]): void {
    this.#warnings.push(...warnings.map((warning) => problemIn(document, warning)));
  }

  inOrder(): { problems: DocumentProblem[]; warnings: DocumentProblem[] } {
    return { problems: inFileOrder(this.#problems), warnings: inFileOrder(this.#warnings) };
  }
}

/** Files in the order in which they first say something wrong; within one, by line. */
function inFileOrder(problems: readonly DocumentProblem[]): DocumentProblem[] {
  return [...Map.groupBy(problems, ({ file }) => file).values()].flatMap((ofFile) => ofFile.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0)));
}

function isMissingReference({ code }: FieldProblem): boolean {
  return code === 'CLASS_MISSING' || code === 'IMAGE_MISSING';
}

function missingRef({ code, value }: FieldProblem, { identity }: VmSpec): ResourceRef {
  const name = String(value);
  return code === 'CLASS_MISSING' ? { kind: 'RealtimeVMClass', name } : { kind: 'RealtimeImage', namespace: identity.namespace, name };
}

function notAmongFiles(problem: FieldProblem, spec: VmSpec): FieldProblem {
  return { ...problem, message: `${formatRef(missingRef(problem, spec))} is not among the files, so what depends on it was not checked; give its file with -f too` };
}

function partition<Value>(values: readonly Value[], belongs: (value: Value) => boolean): [Value[], Value[]] {
  return [values.filter(belongs), values.filter((value) => !belongs(value))];
}
