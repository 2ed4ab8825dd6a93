/** What a RealtimeVM's status says, from what was decided and what the agent reports: pure. */
import type { AllocatedGuest, ReportedGuest } from '../crds/realtime-allocation.ts';
import type { VmPhase } from '../crds/realtime-vm-status.ts';
import type { ConditionDraft } from './conditions.ts';
import { assertionFailed, drained, tooOldAgent } from './events.ts';

/** Where a VM stands with the controller. */
export type VmStanding =
  /** The spec cannot be resolved; it takes a person. */
  | { readonly kind: 'invalid'; readonly message: string }
  /** Valid, and it fits nowhere now. */
  | { readonly kind: 'unplaced'; readonly reason: string; readonly message: string }
  /** It is not meant to run and holds nothing. */
  | { readonly kind: 'halted' }
  /** What is known of it contradicts itself: which of two is to end is a person's to say. */
  | { readonly kind: 'contradictory'; readonly reason: 'RunsTwice'; readonly message: string }
  | {
      readonly kind: 'placed';
      readonly entry: AllocatedGuest;
      readonly report: ReportedGuest | undefined;
      /** What the next start would make differently. */
      readonly restartRequired: string | undefined;
      /** Why nothing is known of it now. */
      readonly unknown: UnknownBecause | undefined;
      /** Its node is being drained, so it is stopped though nobody has halted it. */
      readonly drains?: boolean | undefined;
    };

/** `NodeLost`: its node's agent is silent. `NotSeen`: the agent has not looked at it since it began. */
export interface UnknownBecause {
  readonly reason: 'NodeLost' | 'NotSeen';
  readonly message: string;
}

export interface VmReport {
  readonly phase: VmPhase;
  readonly conditions: readonly ConditionDraft[];
}

export function vmReport(standing: VmStanding): VmReport {
  switch (standing.kind) {
    case 'invalid':
      return {
        phase: 'Failed',
        conditions: [
          condition('Accepted', 'False', 'Invalid', standing.message),
          condition('Ready', 'False', 'Invalid', standing.message),
          condition('Reconciling', 'False', 'Invalid', 'nothing is under way'),
          condition('Stalled', 'True', 'Invalid', standing.message),
        ],
      };
    case 'unplaced':
      return {
        phase: 'Pending',
        conditions: [
          accepted,
          condition('Placed', 'False', standing.reason, standing.message),
          condition('Ready', 'False', standing.reason, standing.message),
          condition('Reconciling', 'True', standing.reason, 'it is placed as soon as something changes that helps'),
          notStalled,
        ],
      };
    case 'halted':
      return { phase: 'Stopped', conditions: [accepted, condition('Placed', 'False', 'Halted', 'it is not meant to run'), settled, notStalled] };
    case 'contradictory': {
      const { reason, message } = standing;
      return {
        phase: 'Unknown',
        conditions: [
          accepted,
          condition('Running', 'Unknown', reason, message),
          condition('RealtimeVerified', 'Unknown', reason, message),
          condition('Ready', 'False', reason, message),
          condition('Reconciling', 'False', reason, 'nothing is under way'),
          condition('Stalled', 'True', reason, message),
        ],
      };
    }
    case 'placed':
      return placedReport(standing);
  }
}

function placedReport(standing: Extract<VmStanding, { kind: 'placed' }>): VmReport {
  const { entry, report, restartRequired, unknown, drains = false } = standing;
  if (unknown !== undefined) return unknownReport(entry, unknown);
  const phase = phaseOf(report);
  const running = phase === 'Running';
  const tooOld = saysTooLittle(entry, report);
  const why = tooOld ? agentTooOld(entry) : drains ? drainedBecause(entry) : { reason: report?.reason ?? phase, message: report?.message ?? waitingFor[phase] };
  const verdict = running ? (report?.audit?.verdict ?? 'Unknown') : 'Unknown';
  const emulated = running && isEmulated(report);
  const person = takesPerson(entry, phase, why.reason) || tooOld || emulated;
  const settling = phase === 'Placed' || phase === 'Starting' || phase === 'Stopping'
    || (running && verdict === 'Unknown' && !emulated) || underWay.has(why.reason);
  return {
    phase,
    conditions: [
      accepted,
      condition('Placed', 'True', 'Placed', `on ${entry.placement.nodeName}`),
      condition('Running', running ? 'True' : 'False', why.reason, why.message),
      ...(entry.guest.cpu.realtime === undefined ? [] : [verified(report, verdict)]),
      restartRequired === undefined
        ? condition('RestartRequired', 'False', 'UpToDate', 'the domain is what the spec says')
        : condition('RestartRequired', 'True', 'SpecChanged', restartRequired),
      ...(entry.desired === 'Stopped' && !drains ? [] : [ready(running, verdict, why, report)]),
      settling ? condition('Reconciling', 'True', why.reason, why.message) : settled,
      person ? condition('Stalled', 'True', why.reason, why.message) : notStalled,
    ],
  };
}

/** A guest that runs without KVM: it was read, and no reading can find it realtime. Where nobody has read, there is no audit. */
function isEmulated(report: ReportedGuest | undefined): boolean {
  return report?.audit?.verdict === 'Unknown';
}

/**
 * The agent is at it: corrected threads are read again, an audit is late, or is about to be the first. `HeldElsewise`:
 * an agent of the base release waits for its table to be put right.
 */
const underWay: ReadonlySet<string> = new Set(['Drift', 'AuditLate', 'NotLookedAt', 'HeldElsewise']);

/** What neither a further reading nor a further try changes; kstatus calls it failed. */
const lasting: ReadonlySet<string> = new Set([
  'Violated', 'DriftPersists', 'Paused', 'AllocationInvalid', 'OtherGrant', assertionFailed,
]);

function takesPerson({ desired }: AllocatedGuest, phase: VmPhase, reason: string): boolean {
  return phase === 'Failed' || lasting.has(reason) || (desired === 'Running' && phase === 'Stopped' && reason === 'Ended');
}

/** Why a guest that was to run has ended: news that answer no request. */
const endedByItself: ReadonlySet<string | undefined> = new Set(['Succeeded', 'Ended']);

/** It is said to have been ended, and not for whom: that may be the answer to an earlier request, and frees nothing. See isAnswered. */
function saysTooLittle({ desired }: AllocatedGuest, report: ReportedGuest | undefined): boolean {
  return desired !== 'Running' && report?.phase === desired && report.request === undefined && !endedByItself.has(report.reason);
}

function agentTooOld({ placement: { nodeName } }: AllocatedGuest): { reason: string; message: string } {
  return { reason: tooOldAgent, message: `the agent of node ${nodeName} does not say which request it has answered, since it is older than this controller: what the VM holds there stays taken; upgrade rtvm on that node` };
}

function drainedBecause({ placement: { nodeName } }: AllocatedGuest): { reason: string; message: string } {
  return { reason: drained, message: `node ${nodeName} is being drained, and spec.evictionStrategy is Shutdown: it is started again where it fits` };
}

/** What was last known may not be true any more: nothing is said to hold. */
function unknownReport(entry: AllocatedGuest, { reason, message }: UnknownBecause): VmReport {
  const unknown = (type: string) => condition(type, 'Unknown', reason, message);
  return {
    phase: 'Unknown',
    conditions: [
      accepted,
      condition('Placed', 'True', 'Placed', `on ${entry.placement.nodeName}`),
      unknown('Running'),
      ...(entry.guest.cpu.realtime === undefined ? [] : [unknown('RealtimeVerified')]),
      unknown('Ready'),
      condition('Reconciling', 'True', reason, message),
      notStalled,
    ],
  };
}

function verified(report: ReportedGuest | undefined, verdict: 'Verified' | 'Violated' | 'Unknown'): ConditionDraft {
  switch (verdict) {
    case 'Verified':
      return condition('RealtimeVerified', 'True', 'Verified', report?.message ?? 'every thread and all memory was read and is as asked for');
    case 'Violated':
      return condition('RealtimeVerified', 'False', report?.reason ?? 'Violated', findingsText(report));
    case 'Unknown':
      return isEmulated(report)
        ? condition('RealtimeVerified', 'Unknown', 'Emulated', report?.message ?? notRealtime)
        : condition('RealtimeVerified', 'Unknown', 'NotAudited', 'it has not been audited while running');
  }
}

function ready(running: boolean, verdict: 'Verified' | 'Violated' | 'Unknown', why: { reason: string; message: string }, report: ReportedGuest | undefined): ConditionDraft {
  if (!running) return condition('Ready', 'False', why.reason, why.message);
  if (verdict === 'Violated') return condition('Ready', 'False', 'NotVerified', findingsText(report));
  if (isEmulated(report)) return condition('Ready', 'False', 'Emulated', why.message);
  if (verdict === 'Unknown') return condition('Ready', 'False', 'NotAudited', 'it runs and has not been audited yet');
  return condition('Ready', 'True', 'RunningVerified', 'it runs, and its threads and memory are as asked for');
}

function findingsText(report: ReportedGuest | undefined): string {
  return report?.audit?.findings.map(({ subject, message }) => `${subject}: ${message}`).join('; ') ?? 'no findings';
}

function phaseOf(report: ReportedGuest | undefined): VmPhase {
  if (report === undefined) return 'Placed';
  return report.phase === 'Removed' ? 'Stopped' : report.phase;
}

const waitingFor: Readonly<Record<VmPhase, string>> = {
  Pending: 'it waits to be placed',
  Placed: "the node's agent has not taken it up yet",
  Starting: 'the domain is being prepared and started',
  Running: 'the domain runs',
  Stopping: 'the guest was asked to switch off',
  Stopped: 'the domain has ended',
  Failed: 'the domain could not be started',
  Unknown: 'nothing is known of the domain',
};

function condition(type: string, status: ConditionDraft['status'], reason: string, message: string): ConditionDraft {
  return { type, status, reason, message };
}

const notRealtime = 'it is emulated, without KVM: it runs, and nothing of it is realtime';
const accepted = condition('Accepted', 'True', 'Resolved', 'the spec, its class and its images make one guest');
const settled = condition('Reconciling', 'False', 'Settled', 'nothing is under way');
const notStalled = condition('Stalled', 'False', 'Progressing', 'nothing needs a person');
