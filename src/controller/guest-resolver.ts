/** Makes one guest of a RealtimeVM, its class and its images, as they are now. */
import { formatProblem } from '../crds/document-problem.ts';
import { guestToWire } from '../crds/guest-wire.ts';
import type { AllocatedGuest } from '../crds/realtime-allocation.ts';
import { toClassSpec } from '../crds/to-class-spec.ts';
import { toImageSpec } from '../crds/to-image-spec.ts';
import { toVmSpec } from '../crds/to-vm-spec.ts';
import type { Guest } from '../realtime/guest.ts';
import type { Checked } from '../realtime/problem.ts';
import { resolveGuest } from '../realtime/resolve/resolve-guest.ts';
import { contradictionOf } from '../realtime/place/contradiction.ts';
import type { Stored } from '../store/resource.ts';
import type { Mirror } from './mirror.ts';
import { readPlacement } from './table-claims.ts';

export class GuestResolver {
  readonly #classes: Mirror<'RealtimeVMClass'>;
  readonly #images: Mirror<'RealtimeImage'>;

  constructor(classes: Mirror<'RealtimeVMClass'>, images: Mirror<'RealtimeImage'>) {
    this.#classes = classes;
    this.#images = images;
  }

  resolve(vm: Stored<'RealtimeVM'>): Checked<Guest> {
    const spec = toVmSpec(vm);
    if (!spec.ok) return spec;
    return resolveGuest(spec.value, {
      classes: { get: (name) => usable(this.#classes.find(name), toClassSpec), keys: () => this.#classes.keys() },
      images: { get: (key) => usable(this.#images.find(key), toImageSpec), keys: () => this.#images.keys() },
    });
  }

  classOf({ spec: { className } }: Stored<'RealtimeVM'>): Stored<'RealtimeVMClass'> | undefined {
    return className === undefined ? undefined : this.#classes.find(className);
  }

  /**
   * Whether the spec makes another guest now than the one that the entry has, or one that cannot run where the entry
   * says: a domain may have been started of an older spec, and found with no entry. A spec that makes none does not.
   */
  makesAnother(vm: Stored<'RealtimeVM'>, entry: AllocatedGuest): boolean {
    const guest = this.resolve(vm);
    return guest.ok && isAnother(guest.value, entry);
  }

  /** What the next start would make differently, in a sentence; undefined where nothing. */
  restartRequired(vm: Stored<'RealtimeVM'>, entry: AllocatedGuest): string | undefined {
    const { generation } = vm.metadata;
    if (entry.generation === generation) return undefined;
    const guest = this.resolve(vm);
    if (!guest.ok) return `the spec of generation ${generation} is not valid (${guest.problems.map(formatProblem).join('; ')}); the domain runs that of generation ${entry.generation}`;
    if (!isAnother(guest.value, entry)) return undefined;
    return `the domain runs the spec of generation ${entry.generation}; that of generation ${generation} is taken up at the next start: set spec.restartedAt to the time that it is now, or runStrategy to Halted and back`;
  }
}

function isAnother(guest: Guest, entry: AllocatedGuest): boolean {
  if (JSON.stringify(guestToWire(guest)) !== JSON.stringify(entry.guest)) return true;
  const placement = readPlacement(entry.placement);
  return !placement.ok || contradictionOf(guest, placement.value) !== undefined;
}

/** A class or image that is wrong itself is no use to a VM; what is wrong is told where it was written. */
function usable<Found, Value>(found: Found | undefined, convert: (found: Found) => Checked<Value>): Value | undefined {
  const checked = found === undefined ? undefined : convert(found);
  return checked?.ok === true ? checked.value : undefined;
}
