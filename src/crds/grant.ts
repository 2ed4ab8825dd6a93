/**
 * A grant's name is made of its bytes: who has the name knows that guest and placement are those that were granted
 * together. The salt among them is random, so that nobody makes the same grant twice.
 */
import { createHash } from 'node:crypto';
import type { GuestWire } from './guest-schema.ts';
import type { PlacementWire } from './placement-schema.ts';
import type { AllocatedGuest } from './realtime-allocation.ts';

export interface GrantContent {
  readonly vm: AllocatedGuest['vm'];
  readonly guest: GuestWire;
  readonly placement: PlacementWire;
  readonly salt: string;
}

/** 128 bits in hexadecimal digits. */
export function grantName({ vm, guest, placement, salt }: GrantContent): string {
  return createHash('sha256').update(canonical({ guest, placement, salt, vm })).digest('hex').slice(0, 32);
}

/** Of an entry, or a domain, of a version that knew no grants. */
export function grantNameBefore(uid: string): string {
  return `before:${uid}`;
}

export type GrantedGuest = AllocatedGuest & Required<Pick<AllocatedGuest, 'grant'>>;

/** A grant that is made now. */
export function granted(entry: Omit<AllocatedGuest, 'grant'>, salt: string): GrantedGuest {
  return { ...entry, grant: { name: grantName({ ...entry, salt }), salt } };
}

/** Whether the entry's bytes have the name that it gives; one that gives none says nothing of it. */
export function isIntact({ grant, ...entry }: AllocatedGuest): boolean {
  return grant === undefined || grant.name === grantName({ ...entry, salt: grant.salt });
}

/** The same text for the same value, however its fields are ordered. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => (
    typeof part !== 'object' || part === null || Array.isArray(part)
      ? part
      : Object.fromEntries(Object.entries(part).sort(([one], [other]) => (one < other ? -1 : 1)))
  ));
}
