/** Changes to a node's allocation table, as new tables: the old one stays what it was, for the compare-and-swap. */
import type { AllocatedGuest, RealtimeAllocation } from '../crds/realtime-allocation.ts';

export function entryOf(allocation: RealtimeAllocation, uid: string): AllocatedGuest | undefined {
  return allocation.spec.guests.find(({ vm }) => vm.uid === uid);
}

/** With this guest added, or in the place of the one with its UID. */
export function withEntry<Table extends RealtimeAllocation>(allocation: Table, entry: AllocatedGuest): Table {
  const { guests } = allocation.spec;
  const known = guests.some(({ vm }) => vm.uid === entry.vm.uid);
  return withGuests(allocation, known ? guests.map((guest) => (guest.vm.uid === entry.vm.uid ? entry : guest)) : [...guests, entry]);
}

export function withoutEntry<Table extends RealtimeAllocation>(allocation: Table, uid: string): Table {
  return withGuests(allocation, allocation.spec.guests.filter(({ vm }) => vm.uid !== uid));
}

function withGuests<Table extends RealtimeAllocation>(allocation: Table, guests: readonly AllocatedGuest[]): Table {
  return { ...allocation, spec: { ...allocation.spec, guests } };
}
