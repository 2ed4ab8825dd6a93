/** What a controller tells whoever counts of what must never be. */
export interface InvariantsObserver {
  /** How many things a node's table gives twice. Called for each table that is read, and whenever that changes. */
  readonly doubleBooked: (nodeName: string, overlaps: number) => void;
  /** A fault of rtvm itself was found, and what it is about was stopped. */
  readonly assertionFailed: () => void;
}

/** For whoever counts nothing. */
export const nobodyCounts: InvariantsObserver = { doubleBooked: () => undefined, assertionFailed: () => undefined };
