/** An audit as the allocation's status tells it: bounded, errors first, without thread numbers that mean nothing later. */
import type { ReportedGuest } from '../crds/realtime-allocation.ts';
import { maxFindings } from '../crds/finding-schema.ts';
import type { Audit, Finding } from '../realtime/finding.ts';
import type { DriftAnswer } from './drift.ts';

/** Reasons of a running guest's report; `DriftPersists`: the agent has stopped correcting. */
export type AuditReason = 'Verified' | 'Emulated' | 'Drift' | 'DriftPersists' | 'Violated';

export function auditReport({ audit, correct, gaveUp }: DriftAnswer): Omit<ReportedGuest, 'uid' | 'domain'> {
  const findings = [...audit.findings].sort((a, b) => Number(a.severity === 'warning') - Number(b.severity === 'warning'));
  const violation = gaveUp ? 'DriftPersists' : correct.length > 0 ? 'Drift' : 'Violated';
  const reason: AuditReason = audit.verified ? 'Verified' : audit.emulated ? 'Emulated' : violation;
  return {
    phase: 'Running',
    reason,
    message: messageOf(reason, audit, findings).slice(0, 1024),
    audit: {
      verdict: audit.verified ? 'Verified' : audit.emulated ? 'Unknown' : 'Violated',
      findings: findings.slice(0, maxFindings).map(({ code, severity, subject, expected, observed, message }) => ({ code, severity, subject, expected, observed, message })),
    },
  };
}

function messageOf(outcome: AuditReason, { unseen }: Audit, findings: readonly Finding[]): string {
  const found = findings.length === 0 ? '' : `: ${findings.map(findingText).join('; ')}`;
  switch (outcome) {
    case 'Verified':
      return `${sentences[outcome]}${unseen.length === 0 ? '' : `; not seen from here: ${unseen.join(', ')}`}`;
    case 'Emulated':
    case 'Drift':
    case 'DriftPersists':
    case 'Violated':
      return `${sentences[outcome]}${found}`;
  }
}

export function findingText({ subject, message }: Finding): string {
  return `${subject}: ${message}`;
}

const sentences: Readonly<Record<AuditReason, string>> = {
  Verified: 'every thread and all memory was read and is as asked for',
  Emulated: 'it is emulated, without KVM (virt-type qemu): it runs, and nothing of it is realtime',
  Drift: 'found and corrected, to be read again',
  DriftPersists: 'something keeps changing it back, and it is no longer corrected',
  Violated: 'this cannot be corrected while it runs',
};
