/** What a controller tells whoever counts of what must never be. */
export interface InvariantsObserver {
  /** How many things a node's table gives twice. Called for each table that is read, and whenever that changes. */
  readonly doubleBooked: (nodeName: string, overlaps: number) => void;
  /** A fault of rtvm itself was found, and what it is about was stopped. */
  readonly assertionFailed: () => void;
  /** How many VMs run more than once. Called whenever that changes. */
  readonly runningTwice: (vms: number) => void;
  /** Whether a restore of the store is open: nothing is started or stopped. Called whenever that changes. */
  readonly restoreOpen: (isOpen: boolean) => void;
}

/** For whoever counts nothing. */
export const nobodyCounts: InvariantsObserver = {
  doubleBooked: () => undefined, assertionFailed: () => undefined, runningTwice: () => undefined,
  restoreOpen: () => undefined,
};
