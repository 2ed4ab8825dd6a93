/** Reads the parts of `/proc/PID/status` and `/proc/PID/schedstat` that an audit needs. */
import { CpuSet } from '../../realtime/cpu-set.ts';
import { HostError } from './host-error.ts';

export interface ThreadStatus {
  readonly allowedCpus: CpuSet;
  readonly voluntarySwitches: bigint;
  readonly involuntarySwitches: bigint;
}

/** KiB; all 0 for what has no memory of its own: a kernel thread or a zombie. */
export interface MemoryStatus {
  readonly lockedKiB: number;
  readonly residentKiB: number;
  readonly swappedKiB: number;
  readonly hugetlbKiB: number;
}

/** @throws HostError `HOST_UNREADABLE` where a line is missing that every kernel since 2.6.26 writes. */
export function parseThreadStatus(status: string): ThreadStatus {
  return {
    allowedCpus: CpuSet.parse(requireValue(status, 'Cpus_allowed_list')),
    voluntarySwitches: BigInt(requireValue(status, 'voluntary_ctxt_switches')),
    involuntarySwitches: BigInt(requireValue(status, 'nonvoluntary_ctxt_switches')),
  };
}

/** The memory of the whole process, which the status of each of its threads shows alike. */
export function parseMemoryStatus(status: string): MemoryStatus {
  return {
    lockedKiB: kibibytes(status, 'VmLck'),
    residentKiB: kibibytes(status, 'VmRSS'),
    swappedKiB: kibibytes(status, 'VmSwap'),
    hugetlbKiB: kibibytes(status, 'HugetlbPages'),
  };
}

/** The second figure of schedstat: nanoseconds runnable but waiting for a CPU; 0 where the kernel does not keep it. */
export function parseRunDelayNs(schedstat: string | undefined): bigint {
  const figure = schedstat?.split(' ')[1];
  return figure === undefined || !/^\d+$/.test(figure) ? 0n : BigInt(figure);
}

/** The value of the line `Name:<tab>value`. The task's own name, in the first line, cannot forge one: newlines in it are escaped. */
function valueOf(status: string, name: string): string | undefined {
  const start = status.indexOf(`\n${name}:`);
  if (start < 0) return undefined;
  const end = status.indexOf('\n', start + 1);
  return status.slice(start + name.length + 2, end < 0 ? undefined : end).trim();
}

function requireValue(status: string, name: string): string {
  const value = valueOf(status, name);
  if (value === undefined) throw new HostError('HOST_UNREADABLE', `/proc/PID/status has no line ${name}: ${JSON.stringify(status)}`);
  return value;
}

function kibibytes(status: string, name: string): number {
  const value = valueOf(status, name);
  return value === undefined ? 0 : Number(/^(\d+) kB$/.exec(value)?.[1] ?? 0);
}
