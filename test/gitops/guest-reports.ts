// What an agent says of a guest, by the agent's own code where that makes the words.
import type { ReportedGuest } from '../../src/crds/realtime-allocation.ts';
import { auditReport } from '../../src/node-agent/audit-report.ts';
import { noDrift } from '../../src/node-agent/drift.ts';
import { startFailure } from '../../src/node-agent/start-failure.ts';
import type { Finding } from '../../src/realtime/finding.ts';
import { createdAt } from './example-guest.ts';

export type Report = Omit<ReportedGuest, 'uid'>;

const stolenPriority: Finding = {
  code: 'ThreadPolicy', severity: 'error', subject: 'CPU 0/KVM', expected: 'FIFO 20', observed: 'OTHER', message: 'is SCHED_OTHER, not SCHED_FIFO at 20',
};

const audited = (findings: readonly Finding[], gaveUp: boolean) => auditReport({
  audit: { verified: findings.length === 0, emulated: false, unseen: [], threads: [], memory: [], findings }, correct: [], gaveUp, memory: noDrift,
});

const domain = { name: 'rtvm-factory-plc-a3b1f6f2', uuid: 'a3b1f6f2-6d3c-4f6e-9d2a-5f1c8e0b7d10', generation: 1, startedAt: createdAt, restarts: 0 };

export const reports = {
  starting: { phase: 'Starting', reason: 'Starting', message: 'the domain is being prepared and started' },
  verified: { ...audited([], false), domain },
  violated: { ...audited([stolenPriority], true), domain },
  emulated: { ...auditReport({ audit: { verified: false, emulated: true, unseen: [], threads: [], memory: [], findings: [] }, correct: [], gaveUp: false, memory: noDrift }), domain },
  notAudited: { phase: 'Running', domain },
  startFailed: { phase: 'Failed', ...startFailure(new Error('Cannot set scheduler parameters for pid 4711: Operation not permitted')) },
  paused: { phase: 'Unknown', reason: 'Paused', message: 'the domain is paused (by a person); "virsh resume rtvm-factory-plc-a3b1f6f2" lets it go on, "virsh destroy" ends it', domain },
  stopping: { phase: 'Stopping', reason: 'ShutdownRequested', message: 'the guest was asked to switch off, and is ended after 10 s if it does not', domain },
  halted: { phase: 'Stopped', reason: 'Halted', message: 'the domain has ended, as it was meant to', request: 'halt' },
  succeeded: { phase: 'Stopped', reason: 'Succeeded', message: 'the guest has switched itself off' },
  ended: { phase: 'Stopped', reason: 'Ended', message: 'the domain has ended, and its run strategy does not start it again' },
} as const satisfies Record<string, Report>;
