/** What placement says about one guest: a placement, or why not, host by host. */
import type { Placement } from './placement.ts';

/** Stable codes; the message beside it has the figures. */
export type RefusalReason =
  | 'HostUnschedulable'
  | 'HostNotReady'
  | 'TaintNotTolerated'
  | 'SelectorMismatch'
  | 'LatencyTooHigh'
  | 'PriorityTooHigh'
  | 'TooFewHostNodes'
  | 'TooFewDedicatedCpus'
  | 'TooFewWholeCores'
  | 'NoSmt'
  | 'NoRoomForEmulator'
  | 'NoSharedCpus'
  | 'SharedCpusFull'
  | 'TooFewHugepages'
  | 'PageSizeMismatch'
  | 'TooLittleMemory'
  | 'NetworkMissing'
  | 'DeviceMissing'
  | 'CellsDoNotFitTogether';

/** Hosts that refuse for the same reason with the same words. */
export interface RefusalGroup {
  readonly reason: RefusalReason;
  /** The figures and what would help: `2 free dedicated CPUs on host NUMA node 0, 4 needed`. */
  readonly message: string;
  /** Ascending. */
  readonly hosts: readonly string[];
}

export type Decision =
  /** `unproven` where the search ended at its limit before it was known that nothing is nearer. Rule 4.16. */
  | { readonly kind: 'placed'; readonly placement: Placement; readonly unproven?: true }
  /** Most hosts first. Empty groups mean that there was no host at all. */
  | { readonly kind: 'refused'; readonly groups: readonly RefusalGroup[] };
