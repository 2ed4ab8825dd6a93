/** What to set on which thread, to put right what an audit found. */
import type { CpuSet } from '../cpu-set.ts';
import type { Audit, AuditRow, ThreadRole } from '../finding.ts';
import type { SchedPolicy } from '../observed.ts';

export interface Correction {
  readonly tid: number;
  /** The thread's name when it was read: whoever corrects makes sure that the tid still is that thread. */
  readonly comm: string;
  /** Together with {@link Correction.priority}, or neither: the kernel sets both in one call. */
  readonly policy?: SchedPolicy | undefined;
  readonly priority?: number | undefined;
  readonly cpus?: CpuSet | undefined;
}

/**
 * One per thread that has something to correct, in the audit's order. Missing vCPUs and memory cannot be corrected in
 * a running domain, and what is only warned of is not.
 */
export function corrections(audit: Audit): readonly Correction[] {
  return audit.threads.flatMap((row) => correctionOf(row, 'error'));
}

/** Threads that the kernel made for the guest: they begin as the kernel likes, and are given their place once. */
export function placements(audit: Audit): readonly Correction[] {
  return audit.threads.filter(({ role }) => kernelMade.has(role.kind)).flatMap((row) => correctionOf(row));
}

const kernelMade: ReadonlySet<ThreadRole['kind']> = new Set<ThreadRole['kind']>(['kvm-pit', 'kvm-nx-lpage-recovery', 'vhost']);

function correctionOf({ tid, comm, expected, findings }: AuditRow, least?: 'error'): readonly Correction[] {
  const codes = new Set(findings.filter(({ severity }) => least === undefined || severity === least).map((finding) => finding.code));
  const policy = codes.has('ThreadPolicy') || codes.has('ThreadPriority') ? { policy: expected.policy, priority: expected.priority } : {};
  const affinity = codes.has('ThreadAffinity') ? { cpus: expected.cpus } : {};
  const correction: Correction = { tid, comm, ...policy, ...affinity };
  return correction.policy === undefined && correction.cpus === undefined ? [] : [correction];
}
