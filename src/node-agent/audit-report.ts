/** An audit as the allocation's status tells it: bounded, errors first, without thread numbers that mean nothing later. */
import type { ReportedGuest } from '../crds/realtime-allocation.ts';
import { maxFindings } from '../crds/finding-schema.ts';
import type { Finding } from '../realtime/finding.ts';
import type { DriftAnswer } from './drift.ts';

/** Reasons of a running guest's report; `DriftPersists`: the agent has stopped correcting. */
export type AuditReason = 'Verified' | 'Drift' | 'DriftPersists' | 'Violated';

export function auditReport({ audit, correct, gaveUp }: DriftAnswer): Omit<ReportedGuest, 'uid' | 'domain'> {
  const findings = [...audit.findings].sort((a, b) => Number(a.severity === 'warning') - Number(b.severity === 'warning'));
  const reason: AuditReason = audit.verified ? 'Verified' : gaveUp ? 'DriftPersists' : correct.length > 0 ? 'Drift' : 'Violated';
  return {
    phase: 'Running',
    reason,
    message: audit.verified ? 'every thread and all memory was read and is as asked for' : `${sentences[reason]}: ${findings.map(findingText).join('; ')}`.slice(0, 1024),
    audit: {
      verdict: audit.verified ? 'Verified' : 'Violated',
      findings: findings.slice(0, maxFindings).map(({ code, severity, subject, expected, observed, message }) => ({ code, severity, subject, expected, observed, message })),
    },
  };
}

export function findingText({ subject, message }: Finding): string {
  return `${subject}: ${message}`;
}

const sentences: Readonly<Record<AuditReason, string>> = {
  Verified: 'verified',
  Drift: 'found and corrected, to be read again',
  DriftPersists: 'something keeps changing it back, and it is no longer corrected',
  Violated: 'this cannot be corrected while it runs',
};
