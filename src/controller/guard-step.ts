/** What is to be done with a node's guard pod next: pure. */
import type { ForeignDraft, Pod } from '../store/foreign.ts';
import { asksOtherwise, hasEnded } from './guard.ts';

export interface GuardState {
  /** As it is; undefined where the node has none. */
  readonly pod: Pod | undefined;
  /** As it should be; undefined where nothing runs on the node. */
  readonly wanted: ForeignDraft<'Pod'> | undefined;
  readonly isCordoned: boolean;
  readonly nowMs: number;
}

export type GuardStep =
  | { readonly kind: 'none' }
  | { readonly kind: 'create'; readonly pod: ForeignDraft<'Pod'> }
  /** It is being deleted, and nothing keeps it. */
  | { readonly kind: 'letGo'; readonly pod: Pod }
  | { readonly kind: 'delete'; readonly pod: Pod }
  /** To be looked at again then. */
  | { readonly kind: 'wait'; readonly forMs: number };

/** A pod is made anew for other amounts when it is this old, so that VMs that come one after the other cost one. */
const debounceMs = 10_000;
/** One that kubelet refuses is made anew when it is this old: there may be room by then. */
const refusedMs = 60_000;

export function guardStep({ pod, wanted, isCordoned, nowMs }: GuardState): GuardStep {
  if (pod === undefined) return wanted === undefined ? { kind: 'none' } : { kind: 'create', pod: wanted };
  // A drain waits for the guests; a pod that somebody has deleted without one is made again.
  if (pod.metadata.deletionTimestamp !== undefined) return wanted === undefined || !isCordoned ? { kind: 'letGo', pod } : { kind: 'none' };
  if (wanted === undefined) return { kind: 'delete', pod };
  // A drain that waits for this very pod would go on without the guests' having ended.
  if (isCordoned) return { kind: 'none' };
  const ended = hasEnded(pod);
  if (!ended && !asksOtherwise(pod, wanted)) return { kind: 'none' };
  const oldEnoughMs = ended ? refusedMs : debounceMs;
  const leftMs = Date.parse(pod.metadata.creationTimestamp) + oldEnoughMs - nowMs;
  // Never longer than that, should this clock be behind the API server's.
  return leftMs > 0 ? { kind: 'wait', forMs: Math.min(leftMs, oldEnoughMs) } : { kind: 'delete', pod };
}
