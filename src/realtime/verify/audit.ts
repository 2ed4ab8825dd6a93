/** The audit of one domain: its threads and memory as read from the host, against its placement. */
import type { Audit, AuditRow, Finding } from '../finding.ts';
import type { Guest } from '../guest.ts';
import type { ObservedProcess } from '../observed.ts';
import type { Placement } from '../placement.ts';
import { threadExpectation } from './expectations.ts';
import { groupFindings, unseenGroups } from './group-findings.ts';
import { memoryRows } from './memory.ts';
import { runStateFindings } from './run-state-findings.ts';
import { threadFindings } from './thread-findings.ts';
import { isEmulatedVcpu, threadRole } from './thread-role.ts';

/** `observed` is undefined where the domain has no process (any more), which is a finding of its own. */
export function audit(guest: Guest, placement: Placement, observed: ObservedProcess | undefined): Audit {
  if (observed === undefined) return auditOf({ threads: [], memory: [], others: [processGone], emulated: false, unseen: [] });
  const threads = [...observed.threads, ...observed.kernelThreads].map((thread): AuditRow => {
    const role = threadRole(thread.comm);
    const expected = threadExpectation(role, placement);
    const { tid, comm, policy, priority, allowedCpus } = thread;
    return { tid, comm, role, policy, priority, allowedCpus, expected, findings: threadFindings(thread, role, expected, observed) };
  });
  return auditOf({
    threads,
    memory: memoryRows(guest, placement, observed),
    others: [...missingVcpus(placement, threads), ...runStateFindings(placement, observed), ...groupFindings(threads, observed.groups)],
    emulated: guest.cpu.realtime !== undefined && observed.threads.some(({ comm }) => isEmulatedVcpu(comm)),
    unseen: unseenGroups(guest, placement, observed.groups),
  });
}

export interface AuditParts extends Pick<Audit, 'threads' | 'memory' | 'emulated' | 'unseen'> {
  /** Findings that have no row. */
  readonly others: readonly Finding[];
}

export function auditOf({ threads, memory, others, emulated, unseen }: AuditParts): Audit {
  const findings = [...others, ...threads.flatMap((row) => row.findings), ...memory.flatMap((row) => row.findings)];
  return { verified: !emulated && findings.every((finding) => finding.severity !== 'error'), emulated, unseen, threads, memory, findings };
}

const processGone: Finding = {
  code: 'ProcessGone',
  severity: 'error',
  subject: 'domain',
  expected: 'a running process',
  observed: 'none',
  message: 'the domain has no process: nothing of it runs, so nothing can be verified',
};

function missingVcpus(placement: Placement, rows: readonly AuditRow[]): readonly Finding[] {
  const seen = new Set(rows.map(({ role }) => (role.kind === 'vcpu' ? role.vcpu : undefined)));
  return placement.vcpuPins.filter((pin) => !seen.has(pin.vcpu)).map(({ vcpu }) => ({
    code: 'VcpuMissing',
    severity: 'error',
    subject: `vCPU ${vcpu}`,
    expected: `a thread named CPU ${vcpu}/KVM (or CPU ${vcpu}/TCG, emulated)`,
    observed: 'none',
    message: `no thread runs vCPU ${vcpu}: the guest has fewer vCPUs than it was given, or QEMU was started without debug-threads=on and its threads cannot be told apart`,
  }));
}
