/**
 * Gives the threads that the kernel made for a guest their place: nobody else does. libvirt leaves them where they
 * are, and KubeVirt makes `kvm-pit` FIFO, which here would put a timer's work above the vCPUs'.
 */
import type { Audit } from '../realtime/finding.ts';
import type { ObservedProcess } from '../realtime/observed.ts';
import { placements } from '../realtime/verify/corrections.ts';
import type { Correction } from '../realtime/verify/corrections.ts';
import type { PlacedThreads } from './guest-state.ts';

/**
 * @returns what to set, and what to remember: each thread is placed once, and one that is elsewhere after that has
 * drifted.
 */
export function placeOnce(
  audit: Audit, { startTicks }: ObservedProcess, before: PlacedThreads | undefined,
): { readonly set: readonly Correction[]; readonly placed: PlacedThreads } {
  const known = before?.startTicks === startTicks ? before.tids : new Set<number>();
  const set = placements(audit).filter(({ tid }) => !known.has(tid));
  return { set, placed: { startTicks, tids: new Set([...known, ...set.map(({ tid }) => tid)]) } };
}
