/** The entries of a node's table, as what they take of the node. */
import { formatProblem } from '../crds/document-problem.ts';
import type { PlacementWire } from '../crds/placement-schema.ts';
import { placementFromWire } from '../crds/placement-wire.ts';
import type { AllocatedGuest } from '../crds/realtime-allocation.ts';
import { claimOf } from '../realtime/place/claim.ts';
import type { Holdings } from '../realtime/place/double-booked.ts';
import { holdingsOf } from '../realtime/place/holding.ts';
import type { TableClaim } from '../realtime/place/holding.ts';
import { mapChecked } from '../realtime/checked.ts';
import type { HeldPlacement, Placement } from '../realtime/placement.ts';
import type { Checked } from '../realtime/problem.ts';
import { objectKey } from '../runtime/object-key.ts';

/** What is read never changes, and most entries of a table are asked for again with each write of another. */
const claims = new WeakMap<AllocatedGuest, Checked<TableClaim>>();
const placements = new WeakMap<PlacementWire, Checked<Placement>>();

/** The placement as the core has it. */
export function readPlacement(wire: PlacementWire): Checked<Placement> {
  let placement = placements.get(wire);
  if (placement === undefined) placements.set(wire, placement = placementFromWire(wire, 'placement'));
  return placement;
}

/**
 * What an entry, or a domain, has counts where that entry or domain is, whatever node it names.
 * @returns undefined where it cannot be read.
 */
export function heldOn(nodeName: string, uid: string, placement: PlacementWire): HeldPlacement | undefined {
  const read = readPlacement(placement);
  return read.ok ? { uid, placement: { ...read.value, host: nodeName } } : undefined;
}

/** What the entry takes; with problems where its placement cannot be read, since others may write tables too. */
export function claimOfEntry(entry: AllocatedGuest): Checked<TableClaim> {
  let claim = claims.get(entry);
  if (claim === undefined) claims.set(entry, claim = readClaim(entry));
  return claim;
}

/** What those entries take that can be read: nothing can be said of the others. */
export function holdingsIn(guests: readonly AllocatedGuest[]): Holdings {
  return holdingsOf(guests.flatMap((entry) => {
    const claim = claimOfEntry(entry);
    return claim.ok ? [claim.value] : [];
  }));
}

/** Why not all of a table can be read; undefined where it can. */
export function unreadable(guests: readonly AllocatedGuest[]): string | undefined {
  const problems = guests.flatMap((entry) => {
    const claim = claimOfEntry(entry);
    if (claim.ok) return [];
    return [`the entry of ${objectKey(entry.vm)}: ${claim.problems.map(formatProblem).join(', ')}`];
  });
  return problems.length === 0 ? undefined : problems.join('; ');
}

function readClaim({ vm: { uid }, placement, guest }: AllocatedGuest): Checked<TableClaim> {
  const disks = guest.disks.map(({ name }) => name);
  return mapChecked(readPlacement(placement), (read) => {
    // Of a claim no more than is asked for: there is one for each VM of the cluster.
    const { exclusive, floatedOver } = claimOf({ uid, placement: read });
    return { uid, placement: read, exclusive, floatedOver, disks };
  });
}
