/** Thrown by a write of a table that would give something twice: the decision that it is from is a fault of rtvm. */
import { overlapText } from '../realtime/place/double-booked.ts';
import type { Overlap } from '../realtime/place/double-booked.ts';

export class DoubleBookedError extends Error {
  override readonly name = 'DoubleBookedError';
  readonly code = 'DOUBLE_BOOKED';
  readonly overlaps: readonly Overlap[];

  /** @param nameOf a VM, by its UID. */
  constructor(nodeName: string, uid: string, overlaps: readonly Overlap[], nameOf: (uid: string) => string) {
    const texts = overlaps.map((overlap) => overlapText(overlap, nameOf)).join('; ');
    super(`${nameOf(uid)} was not written into RealtimeAllocation ${nodeName}, by which ${texts}: `
      + 'its placement was decided wrongly, which is a fault of rtvm; it is decided again');
    this.overlaps = overlaps;
  }
}
