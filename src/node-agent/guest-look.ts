/** One guest as one look at it sees it: what the table asks for, what is there, and by which grant. */
import { isDeepStrictEqual } from 'node:util';
import { guestFromWire } from '../crds/guest-wire.ts';
import { grantNameBefore, isIntact } from '../crds/grant.ts';
import { placementFromWire } from '../crds/placement-wire.ts';
import type { AllocatedGuest } from '../crds/realtime-allocation.ts';
import type { GuestSituation } from '../protocol/guest-table.ts';
import type { Guest } from '../realtime/guest.ts';
import type { Placement } from '../realtime/placement.ts';
import type { RunStrategy } from '../realtime/spec.ts';
import { grantOf } from './domain-payload.ts';
import type { DomainGrant } from './domain-payload.ts';
import { hasRun } from './guest-state.ts';
import type { GuestState } from './guest-state.ts';
import type { HostDomain } from './hypervisor.ts';

export interface Look {
  readonly vm: AllocatedGuest['vm'];
  /** Absent for a domain that no entry names. */
  readonly entry: AllocatedGuest | undefined;
  /** Of the entry. */
  readonly asked: Made | undefined;
  /** Absent where there is none, and where the one of its UUID is another VM's. */
  readonly domain: HostDomain | undefined;
  /** The domain was made with the entry's grant. */
  readonly isEntrys: boolean;
  /** What the domain was made of, and is audited against; absent where it does not say. */
  readonly made: Made | undefined;
  /** By which the domain lives, or else the entry's. */
  readonly grant: string;
  readonly state: GuestState;
}

export interface Made {
  readonly guest: Guest;
  readonly placement: Placement;
}

/** Name of the entry's grant; one of an earlier version gives none. */
export function nameOfEntry({ grant, vm }: AllocatedGuest): string {
  return grant?.name ?? grantNameBefore(vm.uid);
}

/**
 * Whether a domain was made with an entry's grant. Where a controller of an earlier version has written the entry, or
 * an agent of one has made the domain, that is so if what both of them say is the same.
 */
export function isMadeWith({ grant, guest, placement, generation }: AllocatedGuest, domain: HostDomain): boolean {
  if (domain.metadata === undefined) return false;
  const made = grantOf(domain.metadata);
  if (grant !== undefined && made.salt !== undefined) return made.name === grant.name;
  return domain.metadata.generation === generation && isDeepStrictEqual(made.placement, placement)
    && (made.guest === undefined || isDeepStrictEqual(made.guest, guest));
}

/** The name by which what lives is stated. */
export function livingName(entry: AllocatedGuest | undefined, domain: HostDomain): string {
  if (entry?.grant !== undefined && isMadeWith(entry, domain)) return entry.grant.name;
  return domain.metadata === undefined ? '' : grantOf(domain.metadata).name;
}

export function isAlive(domain: HostDomain | undefined): domain is HostDomain {
  return domain !== undefined && domain.run !== 'off';
}

/** What is read of one domain never changes. */
const wholes = new WeakMap<DomainGrant, Made | 'unreadable'>();

/** What the domain says that it was made of. */
export function madeOf(domain: HostDomain): Made | undefined {
  if (domain.metadata === undefined) return undefined;
  const grant = grantOf(domain.metadata);
  let made = wholes.get(grant);
  if (made === undefined) wholes.set(grant, made = readMade(grant) ?? 'unreadable');
  return made === 'unreadable' ? undefined : made;
}

function readMade({ guest, placement }: DomainGrant): Made | undefined {
  if (guest === undefined || placement === undefined) return undefined;
  const [read, placed] = [guestFromWire(guest, 'guest'), placementFromWire(placement, 'placement')];
  return read.ok && placed.ok ? { guest: read.value, placement: placed.value } : undefined;
}

export interface LookContext {
  /** The table's session is this agent's. */
  readonly isOpen: boolean;
  /** It is off, and another process has defined it. */
  readonly isLeft: boolean;
  readonly nowMs: number;
}

export function situationOf(
  { entry, asked, domain, isEntrys, state }: Look, { isOpen, isLeft, nowMs }: LookContext,
): GuestSituation {
  return {
    entry: entry === undefined ? undefined : { desired: entry.desired, isIntact: isIntact(entry) },
    isOpen,
    domain: domain?.run ?? 'absent',
    isEntrys,
    isLeft,
    // What else lives here is looked at only where a start is decided.
    hostIsFree: true,
    isOver: asked === undefined ? 'No' : isOver(asked.guest.runStrategy, state, domain),
    graceMs: state.graceEndsMs === undefined ? undefined : Math.max(0, state.graceEndsMs - nowMs),
    backoffMs: state.retryAtMs === undefined ? 0 : Math.max(0, state.retryAtMs - nowMs),
  };
}

function isOver(runStrategy: RunStrategy, state: GuestState, domain: HostDomain | undefined): GuestSituation['isOver'] {
  const end = endOf(domain) ?? state.end;
  if (runStrategy === 'Always' || !(hasRun(state) || end !== undefined)) return 'No';
  if (end === 'shutdown') return 'Succeeded';
  return runStrategy === 'RerunOnFailure' ? 'No' : 'Ended';
}

/** Of a domain that has run: libvirt forgets it when it restarts, and one that could not be started has not run. */
export function endOf(domain: HostDomain | undefined): HostDomain['end'] {
  return domain?.run !== 'off' || domain.end === 'unknown' || domain.end === 'failed' ? undefined : domain.end;
}
