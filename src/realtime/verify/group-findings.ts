/** Whether the control groups that libvirt and systemd keep the threads in let them have what they were given. */
import { unionOf } from '../cpu-set.ts';
import type { AuditRow, Finding } from '../finding.ts';
import type { Guest } from '../guest.ts';
import { smallPageKiB } from '../host.ts';
import type { CpuQuota, ObservedGroups, ThreadGroup } from '../observed.ts';
import type { Placement } from '../placement.ts';

/** @param rows of the same reading: which thread is to be where. */
export function groupFindings(rows: readonly AuditRow[], groups: ObservedGroups | undefined): readonly Finding[] {
  if (groups === undefined) return [];
  const byTid = new Map(rows.map((row) => [row.tid, row]));
  const membersOf = ({ tids }: { readonly tids: readonly number[] }) => tids.flatMap((tid) => byTid.get(tid) ?? []);
  return [
    ...groups.threads.flatMap((group) => cpusetFindings(group, membersOf(group))),
    ...groups.threads.flatMap((group) => realtimeShareFindings(group, membersOf(group))),
    ...(groups.quotas ?? []).flatMap((quota) => quotaFindings(quota, membersOf(quota))),
  ];
}

/**
 * What the cpuset does not have no thread in it can be given: the pins of the group have to be set again first, by
 * libvirt. Where it has moved its threads, they say so themselves, and that is what libvirt is asked to correct.
 */
function cpusetFindings({ name, cpus }: ThreadGroup, members: readonly AuditRow[]): readonly Finding[] {
  const saysSo = members.some(({ findings }) => findings.some(({ code }) => code === 'ThreadAffinity'));
  if (cpus === undefined || saysSo) return [];
  const wanted = unionOf(members.flatMap(({ expected }) => expected.cpus ?? []));
  const missing = wanted.minus(cpus);
  if (missing.isEmpty) return [];
  return [{
    code: 'CpusetTooSmall',
    severity: 'error',
    subject: `control group ${name}`,
    expected: wanted.toString(),
    observed: cpus.toString(),
    message: `its cpuset has CPUs ${cpus.toString()} without ${missing.toString()}, which its threads were given: they cannot run there`,
  }];
}

/**
 * A quota (cpu.max; cpu.cfs_quota_us) holds back ordinary threads, never FIFO ones (kernel doc scheduler/sched-bwc):
 * QEMU's own and the housekeeping vCPUs then stand still for the rest of each period. One that leaves them all the
 * CPUs that they may use holds nothing back.
 */
function quotaFindings({ name, cpus }: CpuQuota, members: readonly AuditRow[]): readonly Finding[] {
  const ordinary = members.filter(({ policy }) => policy !== 'FIFO' && policy !== 'RR');
  const usable = unionOf(ordinary.map(({ allowedCpus }) => allowedCpus)).size;
  const atOnce = Math.min(usable, ordinary.length);
  if (ordinary.length === 0 || cpus >= atOnce) return [];
  return [{
    code: 'CpuThrottled',
    severity: 'error',
    subject: `control group ${name}`,
    expected: 'no CPU quota',
    observed: `${round(cpus)} CPUs`,
    message: `a CPU quota leaves its threads the time of ${round(cpus)} CPUs, and then stops them until the next period, with whatever lock of the guest or of QEMU they hold; `
      + '"virsh schedinfo DOMAIN --live vcpu_quota=-1 emulator_quota=-1 global_quota=-1" takes libvirt\'s away, CPUQuota= of the systemd slice or scope a person\'s',
  }];
}

/**
 * With RT_GROUP_SCHED a group's FIFO threads run for cpu.rt_runtime_us of each cpu.rt_period_us (kernel doc
 * scheduler/sched-rt-group).
 */
function realtimeShareFindings({ name, realtimeShare = 1 }: ThreadGroup, members: readonly AuditRow[]): readonly Finding[] {
  if (realtimeShare >= 1 || !members.some(({ policy }) => policy === 'FIFO')) return [];
  const percent = `${round(100 * realtimeShare)} %`;
  return [{
    code: 'CpuThrottled',
    severity: 'error',
    subject: `control group ${name}`,
    expected: 'all of the time',
    observed: percent,
    message: `its realtime threads may run for ${percent} of the time (cpu.rt_runtime_us), and are stopped for the rest of each period`,
  }];
}

function round(number: number): string {
  return String(Math.round(100 * number) / 100);
}

/** What an audit could not see and should have, for people. */
export function unseenGroups({ memory }: Guest, { cells }: Placement, groups: ObservedGroups | undefined): readonly string[] {
  if (groups === undefined || groups.threads.length === 0) return ['its control groups (cpuset, CPU quota, freezer, memory by NUMA node)'];
  const has = (kind: 'small' | 'huge') => cells.some(({ pageSizeKiB }) => (pageSizeKiB === smallPageKiB) === (kind === 'small'));
  const everywhere = (knows: (group: ThreadGroup) => boolean) => groups.threads.every(knows);
  return [
    ...(everywhere(({ cpus }) => cpus !== undefined) ? [] : ['its cpusets']),
    ...(groups.quotas === undefined ? ['its CPU quotas'] : []),
    ...(everywhere(({ frozen }) => frozen !== undefined) ? [] : ['whether it is frozen']),
    ...(memory.locked && has('small') && groups.smallKiB === undefined ? ['on which NUMA nodes its small pages are'] : []),
    ...(has('huge') && groups.hugeKiB === undefined ? ['on which NUMA nodes its huge pages are'] : []),
  ];
}
