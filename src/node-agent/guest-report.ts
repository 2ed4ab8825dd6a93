/** What is reported of a guest beside its audits. */
import type { ReportedGuest } from '../crds/realtime-allocation.ts';
import type { GuestStep, GuestWait } from '../protocol/guest-table.ts';
import type { HostDomain } from './hypervisor.ts';

/** A report without what each of them says. */
export type Said = Omit<ReportedGuest, 'uid' | 'grant' | 'domain'>;

type What = Extract<GuestStep, { do: 'report' }>['what'];

export function reportOf(what: What, domain: HostDomain | undefined): Said {
  switch (what) {
    case 'Paused':
      return {
        phase: 'Unknown', reason: 'Paused',
        message: `the domain is paused (${domain?.pausedBecause ?? 'nobody knows why'}); "virsh resume ${domain?.name ?? ''}" lets it go on, "virsh destroy" ends it`,
      };
    case 'Succeeded':
      return { phase: 'Stopped', reason: 'Succeeded', message: 'the guest has switched itself off' };
    case 'Ended':
      return { phase: 'Stopped', reason: 'Ended', message: 'the domain has ended, and its run strategy does not start it again' };
    case 'GrantEdited':
      return {
        phase: 'Failed', reason: 'AllocationInvalid',
        message: 'its entry in the RealtimeAllocation is not what was granted: somebody has edited it, or a version that '
          + 'knows other fields has; halt the VM and start it again, then it gets a new one',
      };
    case 'HostTaken':
      return { phase: 'Failed', reason: 'CpusTaken', message: 'another domain that runs on this host has what it was given' };
  }
}

/** What is said of a guest that waits, where it was said to be otherwise; undefined: what was said stays. */
export function told(why: GuestWait, last: ReportedGuest | undefined): Said | undefined {
  const isOver = last !== undefined && (last.lives === true || last.phase === 'Running' || last.phase === 'Unknown');
  switch (why) {
    case 'Grace':
      return undefined;
    case 'Changing':
      return last?.phase === 'Stopping'
        ? undefined
        : { phase: 'Starting', reason: 'Changing', message: 'libvirt is starting its domain, or the guest is switching off' };
    case 'Backoff':
      return isOver
        ? { phase: 'Starting', reason: 'BackOff', message: 'its domain has ended, and is started again after a pause' }
        : undefined;
    case 'NotOpen':
      return isOver
        ? { phase: 'Starting', reason: 'NotOpen', message: 'its domain has ended; it is started when a controller has answered this node' }
        : undefined;
  }
}

export function auditIsLate({ audit, ...last }: ReportedGuest): ReportedGuest {
  return {
    ...last, phase: 'Unknown', reason: 'AuditLate',
    message: 'its last audit is more than two intervals old: the host, or libvirt, is too busy for the next',
  };
}
