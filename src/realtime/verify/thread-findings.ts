/** Compares one thread with what it should be. */
import type { CpuSet } from '../cpu-set.ts';
import type { Finding, ThreadExpectation, ThreadRole } from '../finding.ts';
import type { ObservedProcess, ObservedThread } from '../observed.ts';
import { usableCpus } from './run-state-findings.ts';

/**
 * At most one finding for policy and priority together: a thread of another policy has no priority worth comparing.
 * @param host of the same reading: CPUs that are offline are not compared; that they are is a finding of its own.
 */
export function threadFindings(thread: ObservedThread, role: ThreadRole, expected: ThreadExpectation, host: Pick<ObservedProcess, 'onlineCpus'>): readonly Finding[] {
  const about = { severity: 'error', subject: `${thread.comm} (tid ${thread.tid})`, tid: thread.tid } as const;
  const findings: Finding[] = [];
  if (expected.policy !== undefined && thread.policy !== expected.policy) {
    findings.push({
      ...about, code: 'ThreadPolicy', expected: policyText(expected.policy, expected.priority ?? 0), observed: policyText(thread.policy, thread.priority),
      message: `${nameOf(role)} runs ${policyText(thread.policy, thread.priority)} instead of ${policyText(expected.policy, expected.priority ?? 0)}: ${policyConsequence(expected)}`,
    });
  } else if (expected.priority !== undefined && thread.priority !== expected.priority) {
    findings.push({
      ...about, code: 'ThreadPriority', expected: String(expected.priority), observed: String(thread.priority),
      message: `${nameOf(role)} has priority ${thread.priority} instead of ${expected.priority}: ${priorityConsequence(thread.priority, expected.priority)}`,
    });
  }
  const { cpus, within = cpus } = expected;
  if (cpus !== undefined && within !== undefined && !isWhereItShouldBe(thread.allowedCpus, expected, host)) {
    const foreign = thread.allowedCpus.minus(within);
    findings.push({
      ...about, code: 'ThreadAffinity', severity: isHarmless(thread, role) ? 'warning' : 'error', expected: cpus.toString(), observed: thread.allowedCpus.toString(),
      message: `${nameOf(role)} may run on CPUs ${thread.allowedCpus.toString()} instead of ${cpus.toString()}: ${
        foreign.isEmpty ? 'it is confined to fewer CPUs than it was given' : `CPUs ${foreign.toString()} are not for it, and others may count on them`}${
        isHarmless(thread, role) ? `; ${whereRecoveryComesFrom}` : ''}`,
    });
  }
  return findings;
}

function isWhereItShouldBe(allowed: CpuSet, { cpus, within }: ThreadExpectation, host: Pick<ObservedProcess, 'onlineCpus'>): boolean {
  if (within !== undefined) return allowed.isSubsetOf(within);
  const wanted = cpus === undefined ? undefined : usableCpus(cpus, host);
  return wanted === undefined || wanted.isEmpty || usableCpus(allowed, host).equals(wanted);
}

/**
 * The page recovery thread is in the cpuset of the vCPU that made it, and nothing but a move to another control group
 * takes it out. As an ordinary thread it never takes the CPU from a realtime vCPU, and runs when that one sleeps.
 */
function isHarmless({ policy }: ObservedThread, role: ThreadRole): boolean {
  return role.kind === 'kvm-nx-lpage-recovery' && policy === 'OTHER';
}

const whereRecoveryComesFrom = 'the kernel keeps it in the cpuset of the vCPU that ran first; as an ordinary thread it runs only when that vCPU sleeps, and with kvm.nx_huge_pages=never '
  + 'on the kernel command line there is none (for hosts whose CPUs are not named vulnerable in /sys/devices/system/cpu/vulnerabilities/itlb_multihit)';

function policyText(policy: string, priority: number): string {
  return priority > 0 ? `${policy} ${priority}` : policy;
}

function policyConsequence(expected: ThreadExpectation): string {
  return expected.policy === 'FIFO'
    ? 'any other thread on its CPU can take the CPU from it'
    : 'it can take the CPU from threads that need it to go on';
}

function priorityConsequence(observed: number, expected: number): string {
  return observed < expected ? 'threads that it should run before can take the CPU from it' : 'it can take the CPU from threads that should run before it';
}

function nameOf(role: ThreadRole): string {
  switch (role.kind) {
    case 'vcpu': return `vCPU ${role.vcpu}`;
    case 'iothread': return `I/O thread ${role.iothread}`;
    case 'emulator': return 'an emulator thread';
    case 'vhost': return 'a vhost worker';
    case 'kvm-pit': return "KVM's timer thread";
    case 'kvm-nx-lpage-recovery': return "KVM's page recovery thread";
  }
}
