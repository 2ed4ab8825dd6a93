/** Reads a domain's process as an audit needs it: each thread's policy, priority, CPUs and counters, and the memory held. */
import { readdirSync } from 'node:fs';
import type { ObservedProcess, ObservedThread } from '../../realtime/observed.ts';
import { isGone } from './host-root.ts';
import type { HostRoot } from './host-root.ts';
import type { CgroupTree } from './cgroup-tree.ts';
import { readGroups } from './cgroups.ts';
import type { KernelThread } from './kernel-threads.ts';
import { readProcFile } from './proc-file.ts';
import { parseThreadStat } from './proc-stat.ts';
import type { ThreadStat } from './proc-stat.ts';
import { parseMemoryStatus, parseRunDelayNs, parseThreadStatus } from './proc-status.ts';

/**
 * One reading of a process, or undefined when it is gone or ends while it is read (a zombie counts as gone).
 *
 * Synchronous on purpose: procfs never waits for a device, and three small reads a thread are cheaper here than on the
 * thread pool (bench/proc-read.ts). It costs no fork, no walk over the process' memory (`smaps` takes its mmap lock, which
 * page faults of the guest want) and no monitor command.
 *
 * @param kernelThreads - those found for it earlier by `findKernelThreads`; one that ended is left out.
 * @param tree - without it, control groups are not read.
 */
export function readProcess(root: HostRoot, pid: number, kernelThreads: readonly KernelThread[] = [], tree?: CgroupTree): ObservedProcess | undefined {
  const leader = readLeader(root, pid);
  const tids = listThreads(root, pid);
  const status = readProcFile(`${root.proc}/${pid}/status`);
  if (leader === undefined || tids === undefined || status === undefined) return undefined;
  const threads = tids.flatMap((tid) => readThread(`${root.proc}/${pid}/task/${tid}`)?.thread ?? []);
  const kernel = kernelThreads.flatMap(({ tid, startTicks }) => {
    const read = readThread(`${root.proc}/${tid}`);
    return read !== undefined && read.startTicks === startTicks ? [read.thread] : [];
  });
  const groups = tree === undefined ? {} : { groups: readGroups(root, tree, pid, threads) };
  // The same process still: otherwise some threads may be those of another one under a reused number.
  if (readLeader(root, pid)?.startTicks !== leader.startTicks) return undefined;
  return { pid, startTicks: leader.startTicks, threads, kernelThreads: kernel, ...parseMemoryStatus(status), ...groups };
}

/** The stat of a process' first thread, or undefined where no live process has this number. */
export function readLeader(root: HostRoot, pid: number): ThreadStat | undefined {
  return readLiveStat(`${root.proc}/${pid}`);
}

/** The stat of any live thread of the host by its number. */
export function readLiveStat(directory: string): ThreadStat | undefined {
  const line = readProcFile(`${directory}/stat`);
  if (line === undefined) return undefined;
  const stat = parseThreadStat(line);
  return stat.state === 'Z' || stat.state === 'X' ? undefined : stat;
}

function listThreads(root: HostRoot, pid: number): number[] | undefined {
  try {
    return readdirSync(`${root.proc}/${pid}/task`).map(Number).sort((a, b) => a - b);
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

function readThread(directory: string): { thread: ObservedThread; startTicks: bigint } | undefined {
  const stat = readLiveStat(directory);
  const status = readProcFile(`${directory}/status`);
  if (stat === undefined || status === undefined) return undefined;
  const thread: ObservedThread = {
    tid: stat.tid,
    comm: stat.comm,
    state: stat.state,
    policy: stat.policy,
    priority: stat.priority,
    lastCpu: stat.lastCpu,
    ...parseThreadStatus(status),
    // A kernel without CONFIG_SCHED_INFO has no such file.
    runDelayNs: parseRunDelayNs(readProcFile(`${directory}/schedstat`)),
  };
  return { thread, startTicks: stat.startTicks };
}
