/** What an allocation's entry asks of the agent, and whether the agent has answered just that: pure. */
import type { AllocatedGuest, ReportedGuest } from '../crds/realtime-allocation.ts';
import type { Random } from '../runtime/random.ts';

/**
 * The entry, asking for something. Each change of what is asked gets a name of its own: the answer to an earlier one, still
 * in the table or in an agent's memory, must not free what a domain that was started since holds. I1.
 */
export function asking(entry: AllocatedGuest, desired: AllocatedGuest['desired'], random: Random): AllocatedGuest {
  return entry.desired === desired ? entry : { ...entry, desired, request: random.uuid() };
}

/** The agent has done what the entry asks: the domain has ended (`Stopped`), or nothing is left of it (`Removed`). */
export function isAnswered(entry: AllocatedGuest, report: ReportedGuest | undefined): boolean {
  return entry.desired !== 'Running' && report?.phase === entry.desired && report.request === entry.request;
}

/** The agent follows the entry no more, nor starts anything for it: its table has gone back to an older state. It waits to be asked anew. */
export function isDoubted(entry: AllocatedGuest, report: ReportedGuest | undefined): boolean {
  return entry.desired === 'Running' && report?.reason === 'TableWentBack' && report.request === entry.request;
}

/** What the agent says of this very entry: the answer to a request that has passed says nothing of what runs now. */
export function reportOn(entry: AllocatedGuest, report: ReportedGuest | undefined): ReportedGuest | undefined {
  return report?.request === undefined || report.request === entry.request ? report : undefined;
}

/**
 * A person has asked for a restart that has not been made. Later, not other: a backup that is put back restarts nothing.
 * @param asked `spec.restartedAt` of the VM.
 */
export function isRestartDue(asked: string | undefined, entry: AllocatedGuest, report: ReportedGuest | undefined): boolean {
  return asked !== undefined && [entry.restartedAt, report?.domain?.restartedAt].every((made) => made === undefined || Date.parse(asked) > Date.parse(made));
}
