/** What verification says: one row per thread or memory figure that it looked at, and one finding per difference. */
import type { CpuSet } from './cpu-set.ts';
import type { SchedPolicy } from './observed.ts';

/** What a thread of the domain is for, told by its name. */
export type ThreadRole =
  | { readonly kind: 'vcpu'; readonly vcpu: number }
  | { readonly kind: 'emulator' }
  | { readonly kind: 'iothread'; readonly iothread: number }
  /** In-kernel helpers of KVM and vhost. */
  | { readonly kind: 'vhost' }
  | { readonly kind: 'kvm-nx-lpage-recovery' }
  | { readonly kind: 'kvm-pit' };

/** What a thread should be; an absent field is not checked, for the reason that the role table gives. */
export interface ThreadExpectation {
  readonly policy?: SchedPolicy | undefined;
  readonly priority?: number | undefined;
  /** What it is set to. */
  readonly cpus?: CpuSet | undefined;
  /** Any part of these is right as well; absent: {@link ThreadExpectation.cpus} alone. */
  readonly within?: CpuSet | undefined;
}

export type FindingCode =
  | 'VcpuMissing'
  | 'ThreadPolicy'
  | 'ThreadPriority'
  | 'ThreadAffinity'
  | 'MemoryNotLocked'
  | 'MemoryNotHuge'
  | 'MemorySwapped'
  | 'MemoryOnOtherNode'
  | 'ProcessGone'
  | 'ProcessStopped'
  | 'ProcessFrozen'
  | 'CpuOffline'
  | 'CpusetTooSmall'
  | 'CpuThrottled';

export interface Finding {
  readonly code: FindingCode;
  /** A warning never makes a VM unverified. */
  readonly severity: 'error' | 'warning';
  /** `CPU 1/KVM (tid 4711)`, `memory`. */
  readonly subject: string;
  readonly expected: string;
  readonly observed: string;
  readonly message: string;
  /** The thread it is about, for correction. */
  readonly tid?: number | undefined;
}

/** One line of the audit table. */
export interface AuditRow {
  readonly tid: number;
  readonly comm: string;
  readonly role: ThreadRole;
  readonly policy: SchedPolicy;
  readonly priority: number;
  readonly allowedCpus: CpuSet;
  readonly expected: ThreadExpectation;
  readonly findings: readonly Finding[];
}

export interface MemoryRow {
  readonly name: 'huge pages' | 'locked' | 'swapped' | `node ${number}, ${'small' | 'huge'} pages`;
  readonly observedKiB: number;
  /** At least this much (at most, for `swapped`). */
  readonly wantedKiB: number;
  readonly findings: readonly Finding[];
}

export interface Audit {
  /** True exactly when there is no finding of severity `error`, and the guest is not {@link Audit.emulated}. */
  readonly verified: boolean;
  /** It is realtime and runs without KVM: whatever its threads are, nothing of it is realtime. */
  readonly emulated: boolean;
  /** What could not be read, for people; what is known is none the less so. */
  readonly unseen: readonly string[];
  readonly threads: readonly AuditRow[];
  readonly memory: readonly MemoryRow[];
  readonly findings: readonly Finding[];
}
