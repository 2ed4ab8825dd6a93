/** What is reported of a guest that its keeper could not look after: nothing of it is said to hold then. */
import type { AllocatedGuest, ReportedGuest } from '../crds/realtime-allocation.ts';
import { InvalidObjectError } from '../crds/require-valid.ts';
import { AssertionFailedError } from '../realtime/assert.ts';
import type { AgentObserver } from './agent-observer.ts';
import { nameOfEntry } from './guest-look.ts';
import type { Statements } from './statements.ts';

export type LookFailureReason = 'AllocationInvalid' | 'AssertionFailed';

export function tellLookFailure(
  entry: AllocatedGuest,
  error: unknown,
  reports: Pick<Statements, 'get' | 'set'>,
  observer: Pick<AgentObserver, 'assertionFailed'>,
): void {
  if (error instanceof AssertionFailedError) observer.assertionFailed();
  const failure = lookFailure(entry, error, reports.get(entry.vm.uid));
  if (failure !== undefined) reports.set(failure);
}

/** The longest message that a report can carry. */
const maxMessage = 1024;

/**
 * @param last what was reported before: that a guest has ended as it was asked to stays true, and is not taken back.
 * @returns undefined where there is nothing to be reported: the next try may well succeed.
 */
export function lookFailure(
  entry: AllocatedGuest, error: unknown, last: ReportedGuest | undefined,
): ReportedGuest | undefined {
  const reason = reasonOf(error);
  if (reason === undefined || (last !== undefined && hasEnded(entry, last))) return undefined;
  const message = (error as Error).message.replaceAll(/\s+/g, ' ').slice(0, maxMessage);
  return {
    uid: entry.vm.uid, phase: 'Unknown', reason, message, grant: last?.grant ?? nameOfEntry(entry),
    // Whether it lives was seen before it could not be looked after.
    ...(last?.lives === true ? { lives: true } : {}),
    ...(last?.domain === undefined ? {} : { domain: last.domain }),
  };
}

/** Not only for an earlier request. */
function hasEnded(entry: AllocatedGuest, { phase, request }: ReportedGuest): boolean {
  return (phase === 'Stopped' || phase === 'Removed') && (request === undefined || request === entry.request);
}

function reasonOf(error: unknown): LookFailureReason | undefined {
  if (error instanceof AssertionFailedError) return 'AssertionFailed';
  return error instanceof InvalidObjectError ? 'AllocationInvalid' : undefined;
}
