/** Reads the line of `/proc/PID/stat` (man proc_pid_stat): who a thread is and how it is scheduled. */
import type { SchedPolicy } from '../../realtime/observed.ts';
import { HostError } from './host-error.ts';

export interface ThreadStat {
  readonly tid: number;
  readonly comm: string;
  /** One letter: R running, S sleeping, Z zombie, X dead. */
  readonly state: string;
  /** Field 4. */
  readonly parentPid: number;
  /** Field 9, as in include/linux/sched.h: {@link kernelThreadFlag}, {@link boundFlag}. */
  readonly flags: number;
  /** Field 20: how many threads its process has. */
  readonly threads: number;
  /** Field 22: clock ticks from boot to its start. With the tid it names one thread for ever. */
  readonly startTicks: bigint;
  /** Field 39. */
  readonly lastCpu: number;
  /** Field 40: 1-99 for FIFO and RR, else 0. */
  readonly priority: number;
  /** Field 41. */
  readonly policy: SchedPolicy;
}

/** PF_KTHREAD: a thread of the kernel, without a process of its own. */
export const kernelThreadFlag = 0x00200000;
/** PF_NO_SETAFFINITY: the kernel has bound it to its CPUs, and nobody may move it. */
export const boundFlag = 0x04000000;

/** By number, as in include/uapi/linux/sched.h; 4 was never given out. */
const policies: readonly (SchedPolicy | undefined)[] = ['OTHER', 'FIFO', 'RR', 'BATCH', undefined, 'IDLE', 'DEADLINE', 'EXT'];

/**
 * Parses one line. The comm may hold spaces and parentheses and is not escaped, but nothing after it holds a
 * parenthesis: it ends at the last one.
 * @throws HostError `HOST_UNREADABLE` for anything else than such a line.
 */
export function parseThreadStat(line: string): ThreadStat {
  const open = line.indexOf('(');
  const close = line.lastIndexOf(')');
  const rest = line.slice(close + 2).split(' ');
  // Field 3, the state, is the first after the comm.
  const field = (number: number) => rest[number - 3] ?? '';
  const tid = Number(line.slice(0, open - 1));
  const policy = policies[Number(field(41))];
  if (open < 2 || close < open || !Number.isInteger(tid) || !/^\d+$/.test(field(22)) || field(41).trim() === '' || policy === undefined) {
    throw new HostError('HOST_UNREADABLE', `not a line of /proc/PID/stat with the fields and policies of Linux 2.6.19 to 6.18: ${JSON.stringify(line)}`);
  }
  return {
    tid,
    comm: line.slice(open + 1, close),
    state: field(3),
    parentPid: Number(field(4)),
    flags: Number(field(9)),
    threads: Number(field(20)),
    startTicks: BigInt(field(22)),
    lastCpu: Number(field(39)),
    priority: Number(field(40)),
    policy,
  };
}
