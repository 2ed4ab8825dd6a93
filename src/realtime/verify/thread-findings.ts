/** Compares one thread with what it should be. */
import type { Finding, ThreadExpectation, ThreadRole } from '../finding.ts';
import type { ObservedThread } from '../observed.ts';

/** At most one finding for policy and priority together: a thread of another policy has no priority worth comparing. */
export function threadFindings(thread: ObservedThread, role: ThreadRole, expected: ThreadExpectation): readonly Finding[] {
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
  if (expected.cpus !== undefined && !thread.allowedCpus.equals(expected.cpus)) {
    const foreign = thread.allowedCpus.minus(expected.cpus);
    findings.push({
      ...about, code: 'ThreadAffinity', expected: expected.cpus.toString(), observed: thread.allowedCpus.toString(),
      message: `${nameOf(role)} may run on CPUs ${thread.allowedCpus.toString()} instead of ${expected.cpus.toString()}: ${
        foreign.isEmpty ? 'it is confined to fewer CPUs than it was given' : `CPUs ${foreign.toString()} are not for it, and others may count on them`}`,
    });
  }
  return findings;
}

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
