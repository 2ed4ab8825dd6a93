/** Changes to a node's allocation table, as data: several for one node become one write. */
import type { AllocatedGuest } from '../crds/realtime-allocation.ts';

/** @property runs the entry says what a domain has that runs already, so that its pages are not given by it. */
export type AllocationEdit =
  | { readonly kind: 'put'; readonly entry: AllocatedGuest; readonly runs?: true }
  | { readonly kind: 'remove' };

/** The entries with the edits made, by UID; entries keep their place, new ones come last. */
export function applyEdits(guests: readonly AllocatedGuest[], edits: ReadonlyMap<string, AllocationEdit>): readonly AllocatedGuest[] {
  const kept = guests.flatMap((guest) => {
    const edit = edits.get(guest.vm.uid);
    if (edit === undefined) return [guest];
    return edit.kind === 'put' ? [edit.entry] : [];
  });
  const known = new Set(guests.map(({ vm }) => vm.uid));
  return [...kept, ...[...edits].flatMap(([uid, edit]) => (edit.kind === 'put' && !known.has(uid) ? [edit.entry] : []))];
}
