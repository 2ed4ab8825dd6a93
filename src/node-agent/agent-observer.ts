/** What an agent tells whoever counts: plain facts, as they happen. Metrics are made of them elsewhere. */
import type { AllocatedGuest } from '../crds/realtime-allocation.ts';
import type { Audit } from '../realtime/finding.ts';
import type { HostInventory } from '../realtime/host.ts';
import type { ObservedProcess } from '../realtime/observed.ts';

/** Each is called in the middle of the agent's work: it must be quick and must not throw. */
export interface AgentObserver {
  /** One audit. Its findings are those that count: read twice. `observed` is undefined where the guest has no process. */
  readonly audited: (vm: AllocatedGuest['vm'], audit: Audit, observed: ObservedProcess | undefined) => void;
  /** So many threads are being set right. */
  readonly correcting: (vm: AllocatedGuest['vm'], threads: number) => void;
  /** What the node's guests hold now; a VM that is not among them is not told of again. */
  readonly allocated: (guests: readonly AllocatedGuest[]) => void;
  /** What the node has for guests, as its administrator and its hardware say now. */
  readonly offered: (inventory: HostInventory) => void;
  /** A fault of rtvm itself was found, and the guest that it is about was left as it is. */
  readonly assertionFailed: () => void;
}

/** For whoever counts nothing. */
export const nobodyObserves: AgentObserver = {
  audited: () => undefined, correcting: () => undefined, allocated: () => undefined, offered: () => undefined,
  assertionFailed: () => undefined,
};
