/**
 * I1, I2: what an entry says of guest and placement are the bytes that its grant is named after. No product code is in
 * it: the name is worked out by other means.
 */
import { createHash } from 'node:crypto';
import type { Recorded } from './recorder.ts';

interface Entry {
  readonly vm: { readonly uid: string };
  readonly guest: unknown;
  readonly placement: unknown;
  readonly grant?: { readonly name: string; readonly salt: string };
}

/** @returns a sentence for each entry of a table whose grant has another name than its bytes have. */
export function renamedEntries({ kind, key, object, gone }: Recorded): readonly string[] {
  if (kind !== 'RealtimeAllocation' || gone) return [];
  const { guests } = (object as { readonly spec: { readonly guests: readonly Entry[] } }).spec;
  return guests.flatMap(({ vm, guest, placement, grant }) => {
    if (grant === undefined) return [];
    const bytes = ordered({ guest, placement, salt: grant.salt, vm });
    const name = createHash('sha256').update(bytes).digest('hex').slice(0, 32);
    return name === grant.name ? [] : [`I2: the entry of VM ${vm.uid} in the table of ${key} is not what its grant was named after`];
  });
}

function ordered(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(ordered).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${ordered(field)}`).join(',')}}`;
}
