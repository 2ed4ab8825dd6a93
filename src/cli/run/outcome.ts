/** What has become of a VM that was asked to run, told from its status. */
import type { VmWait } from '../../protocol/vm-table.ts';
import type { Stored } from '../../store/resource.ts';

export type Outcome =
  /** @property message what it waits for, where that may take long. */
  | { readonly kind: 'pending'; readonly message?: string }
  | { readonly kind: 'ready' }
  /** It runs without KVM, as was asked for, and so can never be verified. */
  | { readonly kind: 'emulated'; readonly message: string }
  /** It has ended, or is not meant to run: nothing is wrong, and nothing more will happen. */
  | { readonly kind: 'stopped'; readonly message: string }
  /** Its domain is there and does not go on, and only a person can say what becomes of it. */
  | { readonly kind: 'paused'; readonly message: string }
  | { readonly kind: 'failed'; readonly reason: string; readonly message: string };

const pending: Outcome = { kind: 'pending' };

/** Reasons of a running guest that no further reading will change. */
const lastingViolations: ReadonlySet<string> = new Set(['Violated', 'DriftPersists']);

/** Of the controller in this process: it goes on when a person has accepted a restore, or an agent has answered. */
const waits: ReadonlySet<string> = new Set<VmWait>(['RestoreOpen', 'NodeNotHeard', 'ClaimsHeld', 'Unplaced']);

/** @param sinceMs what its status said before is an earlier try's, and says nothing of this one. */
export function outcomeOf({ metadata, status }: Stored<'RealtimeVM'>, sinceMs: number): Outcome {
  if (status?.observedGeneration !== metadata.generation) return pending;
  const condition = (type: string) => status.conditions?.find((candidate) => candidate.type === type);
  const failed = (type: string): Outcome => {
    const found = condition(type);
    return { kind: 'failed', reason: found?.reason ?? 'Unknown', message: found?.message ?? 'no reason was given' };
  };
  if (condition('Accepted')?.status === 'False') return failed('Accepted');
  if (status.phase === 'Pending') {
    const placed = condition('Placed');
    // A host that is not ready yet is about to tell what runs on it.
    if (placed?.reason === 'HostNotReady') return pending;
    return placed !== undefined && waits.has(placed.reason) ? { kind: 'pending', message: placed.message } : failed('Placed');
  }
  if (condition('Ready')?.status === 'True') return { kind: 'ready' };
  const running = condition('Running');
  if (running?.status === 'True' && running.reason === 'Emulated') return { kind: 'emulated', message: running.message };
  if (running?.status === 'True' && lastingViolations.has(running.reason)) return failed('Ready');
  if (running?.reason === 'Paused') return { kind: 'paused', message: running.message };
  if (status.phase === 'Stopped') return { kind: 'stopped', message: running?.message ?? condition('Placed')?.message ?? 'it does not run' };
  const stalled = condition('Stalled');
  if (stalled?.status === 'True') return Date.parse(stalled.lastTransitionTime) < sinceMs ? pending : failed('Stalled');
  return pending;
}
