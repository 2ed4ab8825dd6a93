/** Tells lasting drift from a moment's: what a watchdog does to a starving thread, or a thread caught while being made. */
import type { Audit, AuditRow, Finding, FindingCode } from '../finding.ts';
import { auditOf } from './audit.ts';

/**
 * `current` without the findings about threads, and the cpusets that hold them, that `previous` (the audit before, as it was
 * read) does not have too: stalld lifts a starving thread to DEADLINE or FIFO for some microseconds, and a new thread gets
 * its place just after it begins.
 * What no watchdog does (no process, a missing vCPU, memory that is not held) counts at once. With no previous audit
 * everything counts: a domain that has never been right is not given the benefit of the doubt.
 */
export function confirmDrift(previous: Audit | undefined, current: Audit): Audit {
  if (previous === undefined) return current;
  const before = new Set(previous.findings.map(keyOf));
  const lasts = (finding: Finding) => !momentary.has(finding.code) || before.has(keyOf(finding));
  const threads = current.threads.map((row): AuditRow => ({ ...row, findings: row.findings.filter(lasts) }));
  const inRows = new Set([...current.threads, ...current.memory].flatMap((row) => row.findings));
  return auditOf({ ...current, threads, others: current.findings.filter((finding) => !inRows.has(finding) && lasts(finding)) });
}

const momentary: ReadonlySet<FindingCode> = new Set<FindingCode>(['ThreadPolicy', 'ThreadPriority', 'ThreadAffinity', 'CpusetTooSmall']);

function keyOf({ code, subject }: Finding): string {
  return `${code} ${subject}`;
}
