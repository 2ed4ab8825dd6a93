/** Which of several changes of a table, to be written at once, may not be made: those that give something twice. Pure. */
import { assert } from '../assert.ts';
import type { HostInventory } from '../host.ts';
import { addedOverlaps, amountIn, capacityOf } from './double-booked.ts';
import type { AddedOverlap, Holdings, Overlap } from './double-booked.ts';
import type { Holding } from './holding.ts';

/** What a VM is to have; undefined: nothing. */
export interface TableChange {
  readonly holding: Holding | undefined;
  /** Its domain runs already and has all that: its pages are not given by this, though more were set aside since. */
  readonly runs: boolean;
}

/**
 * One that adds nothing to what is given twice is never refused: a VM that has a part in it can be ended, always.
 * @param changes by UID, in the order in which they were decided.
 * @returns by UID, with the overlaps that each would add. All others may be made together.
 */
export function refusedChanges(
  before: Holdings, changes: ReadonlyMap<string, TableChange>, inventory: HostInventory | undefined,
): ReadonlyMap<string, readonly Overlap[]> {
  const allowed = new Map(changes);
  const refused = new Map<string, readonly Overlap[]>();
  for (;;) {
    const after = changed(before, allowed);
    const added = addedOverlaps(before, after, inventory).flatMap((overlap): AddedOverlap[] => {
      const isPages = overlap.resource.kind === 'hugepages';
      const by = overlap.by.filter((uid) => !isPages || allowed.get(uid)?.runs !== true);
      return by.length === 0 ? [] : [{ ...overlap, by }];
    });
    if (added.length === 0) return refused;
    const state = { before, after, inventory };
    const wrong = new Set(added.flatMap((overlap) => overlap.by.filter((uid) => meetsOthers(overlap, uid, state))));
    // Where two changes meet only each other, that which was decided later should have known of the first.
    const addedBy = (uid: string) => added.filter(({ by }) => by.includes(uid));
    if (wrong.size === 0) {
      const last = [...allowed.keys()].findLast((uid) => addedBy(uid).length > 0);
      assert(last !== undefined, 'only a change adds to what a table gives', { by: added.flatMap(({ by }) => by) });
      wrong.add(last);
    }
    for (const uid of wrong) {
      refused.set(uid, addedBy(uid).map(({ resource, holders }) => ({ resource, holders })));
      const isChange = allowed.delete(uid);
      assert(isChange, 'only a change adds to what a table gives', { uid });
    }
  }
}

interface State {
  readonly before: Holdings;
  readonly after: Holdings;
  readonly inventory: HostInventory | undefined;
}

/** It would be an overlap even if nobody else's part grew. */
function meetsOthers(overlap: AddedOverlap, uid: string, { before, after, inventory }: State): boolean {
  const { resource, holders, by } = overlap;
  const amount = amountIn(after, uid, resource);
  const others = holders.filter((other) => other !== uid)
    .map((other) => amountIn(by.includes(other) ? before : after, other, resource));
  // To run on a CPU is no harm to who only floats over it.
  if (resource.kind === 'cpu') return others.some((other) => other > 0 && amount + other > 2);
  return amount + others.reduce((sum, other) => sum + other, 0) > (capacityOf(resource, inventory) ?? Infinity);
}

function changed(before: Holdings, changes: ReadonlyMap<string, TableChange>): Holdings {
  const after = new Map(before);
  for (const [uid, { holding }] of changes) {
    if (holding === undefined) after.delete(uid);
    else after.set(uid, holding);
  }
  return after;
}
