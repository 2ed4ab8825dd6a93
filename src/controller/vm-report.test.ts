import { describe, expect, it } from 'vitest';
import type { AllocatedGuest, ReportedGuest } from '../crds/realtime-allocation.ts';
import { vmReport } from './vm-report.ts';
import type { VmStanding } from './vm-report.ts';

const entry = (realtime: boolean, desired: AllocatedGuest['desired'] = 'Running') => ({
  desired, placement: { nodeName: 'n1' }, guest: { cpu: realtime ? { realtime: { vcpus: '1', priority: 1 } } : {} },
}) as unknown as AllocatedGuest;

const placed = (report: Omit<ReportedGuest, 'uid'> | undefined, more: Partial<Extract<VmStanding, { kind: 'placed' }>> = {}): VmStanding => ({
  kind: 'placed', entry: entry(true), report: report === undefined ? undefined : { uid: 'u', ...report }, restartRequired: undefined, unknown: undefined, ...more,
});

const finding = { code: 'ThreadPolicy', severity: 'error' as const, subject: 'CPU 1/KVM', expected: 'FIFO', observed: 'OTHER', message: 'it is not realtime' };
const verified = { verdict: 'Verified' as const, findings: [] };
const violated = { verdict: 'Violated' as const, findings: [finding] };

/** Phase, and conditions as `Type=Status/Reason`. */
function summary(standing: VmStanding): string {
  const { phase, conditions } = vmReport(standing);
  return [phase, ...conditions.map(({ type, status, reason }) => `${type}=${status}/${reason}`)].join(' ');
}

describe('vmReport', () => {
  it.each<[string, VmStanding, string]>([
    ['invalid', { kind: 'invalid', message: 'no' }, 'Failed Accepted=False/Invalid Ready=False/Invalid Reconciling=False/Invalid Stalled=True/Invalid'],
    ['unplaced', { kind: 'unplaced', reason: 'TooFewDedicatedCpus', message: 'no' }, 'Pending Accepted=True/Resolved Placed=False/TooFewDedicatedCpus Ready=False/TooFewDedicatedCpus Reconciling=True/TooFewDedicatedCpus Stalled=False/Progressing'],
    ['halted: it carries no Ready', { kind: 'halted' }, 'Stopped Accepted=True/Resolved Placed=False/Halted Reconciling=False/Settled Stalled=False/Progressing'],
    ['placed, and not taken up', placed(undefined), 'Placed Accepted=True/Resolved Placed=True/Placed Running=False/Placed RealtimeVerified=Unknown/NotAudited RestartRequired=False/UpToDate Ready=False/Placed Reconciling=True/Placed Stalled=False/Progressing'],
    ['starting', placed({ phase: 'Starting', reason: 'Starting', message: 'x' }), 'Starting Accepted=True/Resolved Placed=True/Placed Running=False/Starting RealtimeVerified=Unknown/NotAudited RestartRequired=False/UpToDate Ready=False/Starting Reconciling=True/Starting Stalled=False/Progressing'],
    ['running and verified', placed({ phase: 'Running', reason: 'Verified', audit: verified }), 'Running Accepted=True/Resolved Placed=True/Placed Running=True/Verified RealtimeVerified=True/Verified RestartRequired=False/UpToDate Ready=True/RunningVerified Reconciling=False/Settled Stalled=False/Progressing'],
    ['running and not verified', placed({ phase: 'Running', reason: 'DriftPersists', audit: violated }), 'Running Accepted=True/Resolved Placed=True/Placed Running=True/DriftPersists RealtimeVerified=False/DriftPersists RestartRequired=False/UpToDate Ready=False/NotVerified Reconciling=False/Settled Stalled=True/DriftPersists'],
    ['running, and its drift is being corrected', placed({ phase: 'Running', reason: 'Drift', audit: violated }), 'Running Accepted=True/Resolved Placed=True/Placed Running=True/Drift RealtimeVerified=False/Drift RestartRequired=False/UpToDate Ready=False/NotVerified Reconciling=True/Drift Stalled=False/Progressing'],
    ['running otherwise than its table says, by an agent of the base release', placed({ phase: 'Unknown', reason: 'HeldElsewise' }), 'Unknown Accepted=True/Resolved Placed=True/Placed Running=False/HeldElsewise RealtimeVerified=Unknown/NotAudited RestartRequired=False/UpToDate Ready=False/HeldElsewise Reconciling=True/HeldElsewise Stalled=False/Progressing'],
    ['its audit is late', placed({ phase: 'Unknown', reason: 'AuditLate' }), 'Unknown Accepted=True/Resolved Placed=True/Placed Running=False/AuditLate RealtimeVerified=Unknown/NotAudited RestartRequired=False/UpToDate Ready=False/AuditLate Reconciling=True/AuditLate Stalled=False/Progressing'],
    ['found running, and about to be audited', placed({ phase: 'Unknown', reason: 'NotLookedAt' }), 'Unknown Accepted=True/Resolved Placed=True/Placed Running=False/NotLookedAt RealtimeVerified=Unknown/NotAudited RestartRequired=False/UpToDate Ready=False/NotLookedAt Reconciling=True/NotLookedAt Stalled=False/Progressing'],
    ['libvirt is starting it, or it is switching off', placed({ phase: 'Starting', reason: 'Changing' }), 'Starting Accepted=True/Resolved Placed=True/Placed Running=False/Changing RealtimeVerified=Unknown/NotAudited RestartRequired=False/UpToDate Ready=False/Changing Reconciling=True/Changing Stalled=False/Progressing'],
    ['it has ended, and waits for its session', placed({ phase: 'Starting', reason: 'NotOpen' }), 'Starting Accepted=True/Resolved Placed=True/Placed Running=False/NotOpen RealtimeVerified=Unknown/NotAudited RestartRequired=False/UpToDate Ready=False/NotOpen Reconciling=True/NotOpen Stalled=False/Progressing'],
    ['it has failed, and is started again after a pause', placed({ phase: 'Starting', reason: 'BackOff' }), 'Starting Accepted=True/Resolved Placed=True/Placed Running=False/BackOff RealtimeVerified=Unknown/NotAudited RestartRequired=False/UpToDate Ready=False/BackOff Reconciling=True/BackOff Stalled=False/Progressing'],
    ['it runs by another grant than its entry\'s: which of the two is right takes a person', placed({ phase: 'Unknown', reason: 'OtherGrant' }), 'Unknown Accepted=True/Resolved Placed=True/Placed Running=False/OtherGrant RealtimeVerified=Unknown/NotAudited RestartRequired=False/UpToDate Ready=False/OtherGrant Reconciling=False/Settled Stalled=True/OtherGrant'],
    ['its stop is asked for, and no session is open', placed({ phase: 'Stopping', reason: 'NotOpen' }, { entry: entry(true, 'Stopped') }), 'Stopping Accepted=True/Resolved Placed=True/Placed Running=False/NotOpen RealtimeVerified=Unknown/NotAudited RestartRequired=False/UpToDate Reconciling=True/NotOpen Stalled=False/Progressing'],
    ['it runs more than once', { kind: 'contradictory', reason: 'RunsTwice', message: 'on two nodes' }, 'Unknown Accepted=True/Resolved Running=Unknown/RunsTwice RealtimeVerified=Unknown/RunsTwice Ready=False/RunsTwice Reconciling=False/RunsTwice Stalled=True/RunsTwice'],
    ['a restore is open', { kind: 'unplaced', reason: 'RestoreOpen', message: 'no' }, 'Pending Accepted=True/Resolved Placed=False/RestoreOpen Ready=False/RestoreOpen Reconciling=True/RestoreOpen Stalled=False/Progressing'],
    ['paused', placed({ phase: 'Unknown', reason: 'Paused' }), 'Unknown Accepted=True/Resolved Placed=True/Placed Running=False/Paused RealtimeVerified=Unknown/NotAudited RestartRequired=False/UpToDate Ready=False/Paused Reconciling=False/Settled Stalled=True/Paused'],
    ['it was to run once, and was ended', placed({ phase: 'Stopped', reason: 'Ended' }), 'Stopped Accepted=True/Resolved Placed=True/Placed Running=False/Ended RealtimeVerified=Unknown/NotAudited RestartRequired=False/UpToDate Ready=False/Ended Reconciling=False/Settled Stalled=True/Ended'],
    ['it was to run once, and has switched itself off', placed({ phase: 'Stopped', reason: 'Succeeded' }), 'Stopped Accepted=True/Resolved Placed=True/Placed Running=False/Succeeded RealtimeVerified=Unknown/NotAudited RestartRequired=False/UpToDate Ready=False/Succeeded Reconciling=False/Settled Stalled=False/Progressing'],
    ['running and not audited', placed({ phase: 'Running' }), 'Running Accepted=True/Resolved Placed=True/Placed Running=True/Running RealtimeVerified=Unknown/NotAudited RestartRequired=False/UpToDate Ready=False/NotAudited Reconciling=True/Running Stalled=False/Progressing'],
    ['running emulated: never verified, never ready, and nothing to wait for', placed({ phase: 'Running', reason: 'Emulated', message: 'x', audit: { verdict: 'Unknown', findings: [] } }), 'Running Accepted=True/Resolved Placed=True/Placed Running=True/Emulated RealtimeVerified=Unknown/Emulated RestartRequired=False/UpToDate Ready=False/Emulated Reconciling=False/Settled Stalled=True/Emulated'],
    ['failed', placed({ phase: 'Failed', reason: 'FifoRefused', message: 'no' }), 'Failed Accepted=True/Resolved Placed=True/Placed Running=False/FifoRefused RealtimeVerified=Unknown/NotAudited RestartRequired=False/UpToDate Ready=False/FifoRefused Reconciling=False/Settled Stalled=True/FifoRefused'],
    ['a plain VM has nothing realtime to verify', placed({ phase: 'Running', reason: 'Verified', audit: verified }, { entry: entry(false) }), 'Running Accepted=True/Resolved Placed=True/Placed Running=True/Verified RestartRequired=False/UpToDate Ready=True/RunningVerified Reconciling=False/Settled Stalled=False/Progressing'],
    ['its node is silent: nothing is said to hold', placed({ phase: 'Running', reason: 'Verified', audit: verified }, { unknown: { reason: 'NodeLost', message: 'why' } }), 'Unknown Accepted=True/Resolved Placed=True/Placed Running=Unknown/NodeLost RealtimeVerified=Unknown/NodeLost Ready=Unknown/NodeLost Reconciling=True/NodeLost Stalled=False/Progressing'],
    ['its agent has not looked at it since it began: the same', placed({ phase: 'Running', reason: 'Verified', audit: verified }, { unknown: { reason: 'NotSeen', message: 'why' } }), 'Unknown Accepted=True/Resolved Placed=True/Placed Running=Unknown/NotSeen RealtimeVerified=Unknown/NotSeen Ready=Unknown/NotSeen Reconciling=True/NotSeen Stalled=False/Progressing'],
    ['its spec has changed', placed({ phase: 'Running', reason: 'Verified', audit: verified }, { restartRequired: 'why' }), 'Running Accepted=True/Resolved Placed=True/Placed Running=True/Verified RealtimeVerified=True/Verified RestartRequired=True/SpecChanged Ready=True/RunningVerified Reconciling=False/Settled Stalled=False/Progressing'],
    ['stopped, by an agent that does not say for which request', placed({ phase: 'Stopped', reason: 'Halted' }, { entry: entry(true, 'Stopped') }), 'Stopped Accepted=True/Resolved Placed=True/Placed Running=False/AgentTooOld RealtimeVerified=Unknown/NotAudited RestartRequired=False/UpToDate Reconciling=False/Settled Stalled=True/AgentTooOld'],
    ['it had ended by itself when it was halted', placed({ phase: 'Stopped', reason: 'Succeeded', message: 'x' }, { entry: entry(true, 'Stopped') }), 'Stopped Accepted=True/Resolved Placed=True/Placed Running=False/Succeeded RealtimeVerified=Unknown/NotAudited RestartRequired=False/UpToDate Reconciling=False/Settled Stalled=False/Progressing'],
    ['removed, by an agent that does not say for which request', placed({ phase: 'Removed' }, { entry: entry(true, 'Removed') }), 'Stopped Accepted=True/Resolved Placed=True/Placed Running=False/AgentTooOld RealtimeVerified=Unknown/NotAudited RestartRequired=False/UpToDate Ready=False/AgentTooOld Reconciling=False/Settled Stalled=True/AgentTooOld'],
    ['being stopped: it carries no Ready', placed({ phase: 'Stopping', reason: 'ShutdownRequested' }, { entry: entry(true, 'Stopped') }), 'Stopping Accepted=True/Resolved Placed=True/Placed Running=False/ShutdownRequested RealtimeVerified=Unknown/NotAudited RestartRequired=False/UpToDate Reconciling=True/ShutdownRequested Stalled=False/Progressing'],
  ])('%s', (_, standing, expected) => {
    expect(summary(standing)).toBe(expected);
  });

  it('is never ready without a verdict that everything was verified', () => {
    for (const phase of ['Pending', 'Placed', 'Starting', 'Running', 'Stopping', 'Stopped', 'Failed', 'Unknown', 'Removed'] as const) {
      for (const audit of [undefined, violated, { verdict: 'Unknown' as const, findings: [] }]) {
        const { conditions } = vmReport(placed({ phase, ...(audit === undefined ? {} : { audit }) }));
        expect(conditions.find(({ type }) => type === 'Ready')?.status).not.toBe('True');
        expect(conditions.find(({ type }) => type === 'RealtimeVerified')?.status).not.toBe('True');
      }
    }
  });
});
