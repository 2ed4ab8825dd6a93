/** Reads every thread of the host, a few at a time: for a scan every few minutes on CPUs that are not the guests'. */
import { readdirSync } from 'node:fs';
import type { HostThread } from '../../realtime/verify/foreign-threads.ts';
import type { Clock } from '../../runtime/clock.ts';
import { isGone, listNumbered } from './host-root.ts';
import type { HostRoot } from './host-root.ts';
import { ownerOf } from './kernel-threads.ts';
import { readProcFile } from './proc-file.ts';
import { boundFlag, kernelThreadFlag } from './proc-stat.ts';
import { parseThreadStatus } from './proc-status.ts';
import { readLiveStat } from './process.ts';

/** So many threads are read without a pause: some hundreds of microseconds. */
const threadsAtOnce = 8;

/**
 * All threads but those of the processes that are left out, of the kernel's threads that work for them, and of those
 * that the kernel has bound to a CPU (PF_NO_SETAFFINITY: `ksoftirqd/2`, `migration/2`), which are on each CPU whoever
 * has it. Interrupts of devices that a guest has are its own (`irq/87-vfio-msix[0](…)`, PREEMPT_RT).
 */
export async function scanThreads(
  root: HostRoot, leftOut: ReadonlySet<number>, clock: Pick<Clock, 'afterThisTurn'>, signal: AbortSignal,
): Promise<readonly HostThread[]> {
  const threads: HostThread[] = [];
  let read = 0;
  for (const pid of listNumbered(root.proc, '')) {
    if (leftOut.has(pid)) continue;
    for (const tid of threadsOf(root, pid)) {
      const thread = readThread(`${root.proc}/${pid}/task/${tid}`, pid, leftOut);
      if (thread !== undefined) threads.push(thread);
      read += 1;
      if (read % threadsAtOnce !== 0) continue;
      await new Promise<void>((resolve) => clock.afterThisTurn(resolve));
      signal.throwIfAborted();
    }
  }
  return threads;
}

/** Most processes, and all threads of the kernel, have one: its directory need not be listed. */
function threadsOf(root: HostRoot, pid: number): readonly number[] {
  const leader = readLiveStat(`${root.proc}/${pid}`);
  if (leader === undefined) return [];
  if (leader.threads === 1) return [pid];
  try {
    return readdirSync(`${root.proc}/${pid}/task`).map(Number);
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

function readThread(directory: string, pid: number, leftOut: ReadonlySet<number>): HostThread | undefined {
  const stat = readLiveStat(directory);
  if (stat === undefined) return undefined;
  const { tid, comm, policy, priority, flags } = stat;
  if ((flags & kernelThreadFlag) !== 0) {
    const owner = ownerOf(comm);
    const isOurs = /^irq\/\d+-vfio-/.test(comm) || (owner !== undefined && leftOut.has(owner));
    if (isOurs || (flags & boundFlag) !== 0) return undefined;
  }
  const status = readProcFile(`${directory}/status`);
  if (status === undefined) return undefined;
  return { pid, tid, comm, policy, priority, allowedCpus: parseThreadStatus(status).allowedCpus };
}
