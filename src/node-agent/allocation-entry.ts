/** An entry of the allocation as the core has it. Others write tables too, so each entry is read with suspicion. */
import { guestFromWire } from '../crds/guest-wire.ts';
import { placementFromWire } from '../crds/placement-wire.ts';
import type { AllocatedGuest } from '../crds/realtime-allocation.ts';
import { requireValid } from '../crds/require-valid.ts';
import type { Guest } from '../realtime/guest.ts';
import { contradictionOf } from '../realtime/place/contradiction.ts';
import type { Placement } from '../realtime/placement.ts';
import { objectKey } from '../runtime/object-key.ts';
import { StartError } from './start-failure.ts';

/** @throws InvalidObjectError where it cannot be read. */
export function readEntry(entry: AllocatedGuest): { readonly guest: Guest; readonly placement: Placement } {
  const what = `the allocation of ${objectKey(entry.vm)}`;
  return {
    guest: requireValid(guestFromWire(entry.guest, 'guest'), what),
    placement: requireValid(placementFromWire(entry.placement, 'placement'), what),
  };
}

/**
 * A domain that runs is left as it is, whatever its entry says since; but none is started that is not what it says.
 * @throws StartError
 */
export function requireAgreement(guest: Guest, placement: Placement): void {
  const contradiction = contradictionOf(guest, placement);
  if (contradiction === undefined) return;
  const remedy = 'halt the VM and start it again, then it gets another place';
  const message = `its entry in the RealtimeAllocation contradicts itself: ${contradiction}; ${remedy}`;
  throw new StartError('AllocationInvalid', message);
}
