/** Everything that a set of files describes, in core terms: VMs with the classes and images that they name, and hosts. */
import type { Guest } from '../realtime/guest.ts';
import type { HostInventory } from '../realtime/host.ts';
import type { Checked, FieldProblem } from '../realtime/problem.ts';
import { imageKey } from '../realtime/resolve/lookup.ts';
import { checkClass, resolveGuest } from '../realtime/resolve/resolve-guest.ts';
import type { ClassSpec, ImageSpec, VmSpec } from '../realtime/spec.ts';
import type { DocumentProblem } from './document-problem.ts';
import { problemIn } from './parse-files.ts';
import type { ParsedDocument, ParsedFiles } from './parse-files.ts';
import { formatRef } from './resource.ts';
import { toClassSpec } from './to-class-spec.ts';
import { toHostInventory } from './to-host-inventory.ts';
import { toImageSpec } from './to-image-spec.ts';
import { toVmSpec } from './to-vm-spec.ts';

/** A core value with the document that it came from. */
export interface Sourced<Value> {
  readonly document: ParsedDocument;
  readonly value: Value;
}

export interface ResolvedVm {
  readonly vm: VmSpec;
  readonly guest: Guest;
}

export interface Catalog {
  /** VMs whose guest could be resolved, in the order of the files. */
  readonly vms: readonly Sourced<ResolvedVm>[];
  readonly hosts: readonly Sourced<HostInventory>[];
  /** By name. */
  readonly classes: ReadonlyMap<string, ClassSpec>;
  /** By `imageKey`. */
  readonly images: ReadonlyMap<string, ImageSpec>;
  /** Those of reading the files, then those of converting and resolving. */
  readonly problems: readonly DocumentProblem[];
  readonly warnings: readonly DocumentProblem[];
}

/**
 * Converts and resolves what {@link parseFiles} read. Every document is looked at, whatever is wrong with others; that a
 * VM names a class or image which is there, but is refused itself, is not told as a second problem.
 */
export function buildCatalog(files: ParsedFiles): Catalog {
  const vms: Sourced<VmSpec>[] = [];
  const hosts: Sourced<HostInventory>[] = [];
  const classes = new Map<string, ClassSpec>();
  const images = new Map<string, ImageSpec>();
  const problems: DocumentProblem[] = [...files.problems];
  const warnings: DocumentProblem[] = [];
  const take = <Value>(document: ParsedDocument, checked: Checked<Value>, use: (value: Value) => void) => {
    const told = (list: readonly FieldProblem[]) => list.map((problem) => problemIn(document, problem));
    if (checked.ok) {
      warnings.push(...told(checked.warnings));
      use(checked.value);
    } else {
      problems.push(...told(checked.problems));
    }
  };
  for (const document of files.documents) {
    const { resource } = document;
    switch (resource.kind) {
      case 'RealtimeVM':
        take(document, toVmSpec(resource), (value) => vms.push({ document, value }));
        break;
      case 'RealtimeVMClass':
        take(document, toClassSpec(resource), (value) => {
          classes.set(value.name, value);
          take(document, checkClass(value), () => undefined);
        });
        break;
      case 'RealtimeImage':
        take(document, toImageSpec(resource), (value) => images.set(imageKey(value.namespace, value.name), value));
        break;
      case 'RealtimeNode':
        take(document, toHostInventory(resource), (value) => hosts.push({ document, value }));
        break;
      case 'RealtimeAllocation':
        break;
    }
  }
  const refusedNames = new Set(problems.flatMap(({ resource }) => (resource === undefined ? [] : [formatRef(resource)])));
  const resolved: Sourced<ResolvedVm>[] = [];
  for (const { document, value: vm } of vms) {
    const checked = resolveGuest(vm, { classes, images });
    const guest = checked.ok ? checked : { ...checked, problems: checked.problems.filter((problem) => !refusedNames.has(missingName(problem, vm.identity.namespace) ?? '')) };
    take(document, guest, (value) => resolved.push({ document, value: { vm, guest: value } }));
  }
  return { vms: resolved, hosts, classes, images, problems, warnings };
}

/** What a problem says is missing. */
function missingName({ code, value }: FieldProblem, namespace: string): string | undefined {
  if (typeof value !== 'string') return undefined;
  if (code === 'CLASS_MISSING') return formatRef({ kind: 'RealtimeVMClass', name: value });
  return code === 'IMAGE_MISSING' ? formatRef({ kind: 'RealtimeImage', namespace, name: value }) : undefined;
}
