/** What an allocation's entry asks of the agent, and whether the agent has answered just that: pure. */
import { grantNameBefore } from '../crds/grant.ts';
import type { AllocatedGuest, ReportedGuest } from '../crds/realtime-allocation.ts';
import type { Random } from '../runtime/random.ts';

/**
 * The entry, asking for something. An agent of an earlier version answers by the name of the request, so each change
 * has one of its own: the answer to an earlier one must not free what a domain that was started since holds. I1.
 */
export function asking(entry: AllocatedGuest, desired: AllocatedGuest['desired'], random: Random): AllocatedGuest {
  return entry.desired === desired ? entry : { ...entry, desired, request: random.uuid() };
}

/**
 * Name of an entry's grant. One that a controller of an earlier version has written gives none: it is that by which
 * its domain lives, where the agent says so.
 */
export function entryName({ grant, vm }: AllocatedGuest, report: ReportedGuest | undefined): string {
  const lives = report?.lives === true && report.reason !== 'OtherGrant' ? report.grant : undefined;
  return grant?.name ?? lives ?? grantNameBefore(vm.uid);
}

/** The agent has done what the entry asks: the domain has ended (`Stopped`), or nothing is left of it (`Removed`). */
export function isAnswered(entry: AllocatedGuest, report: ReportedGuest | undefined): boolean {
  if (entry.desired === 'Running' || report === undefined) return false;
  if (report.grant === undefined) return report.phase === entry.desired && report.request === entry.request;
  return report.answered === entry.desired && report.grant === entryName(entry, report);
}

/** What the agent says of this very entry: what it has said of another grant, or for another request, says nothing of what runs now. */
export function reportOn(entry: AllocatedGuest, report: ReportedGuest | undefined): ReportedGuest | undefined {
  if (report === undefined) return undefined;
  const isAbout = report.grant === undefined
    ? report.request === undefined || report.request === entry.request
    : report.grant === entryName(entry, report) || report.lives === true;
  return isAbout ? report : undefined;
}

/**
 * A person has asked for a restart that has not been made. Later, not other: a backup that is put back restarts nothing.
 * @param asked `spec.restartedAt` of the VM.
 */
export function isRestartDue(asked: string | undefined, entry: AllocatedGuest, report: ReportedGuest | undefined): boolean {
  return asked !== undefined && [entry.restartedAt, report?.domain?.restartedAt].every((made) => made === undefined || Date.parse(asked) > Date.parse(made));
}
