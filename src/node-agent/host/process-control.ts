/**
 * Corrects a thread that drifted: its CPUs, its scheduling policy, its priority.
 *
 * Neither Node nor libvirt can set the policy of a live thread, so this runs util-linux' `taskset` and `chrt`. One
 * fork for a correction is fine; an audit makes none.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { ObservedProcess, SchedPolicy } from '../../realtime/observed.ts';
import type { CpuSet } from '../../realtime/cpu-set.ts';
import type { Correction } from '../../realtime/verify/corrections.ts';
import { threadRole } from '../../realtime/verify/thread-role.ts';
import { joinMainThread } from './cgroup-move.ts';
import { HostError } from './host-error.ts';
import { errorCode, reasonOf } from './host-root.ts';
import type { HostRoot } from './host-root.ts';
import { kthreaddPid } from './kernel-threads.ts';
import { readLeader, readLiveStat } from './process.ts';

const run = promisify(execFile);

/** util-linux answers within milliseconds; a host on which it does not is in deeper trouble. */
const toolTimeoutMs = 5000;

/** What `chrt` can set without further parameters. */
const chrtOptions: Readonly<Partial<Record<SchedPolicy, string>>> = { OTHER: '--other', FIFO: '--fifo', RR: '--rr', BATCH: '--batch', IDLE: '--idle' };

/**
 * Puts one thread of a process right. Before a thread is made realtime it gets its CPUs, so that none is SCHED_FIFO on
 * those of another; one that is made ordinary is so first, since that much can be done where its CPUs cannot be set.
 * Whether it helped, the next audit says.
 * @param process - as observed: the correction is for this very process, not for a later one of the same number.
 * @throws HostError `THREAD_GONE`, `TOOL_MISSING`, or `CONTROL_REFUSED` with what the tool said.
 */
export async function correctThread(root: HostRoot, process: Pick<ObservedProcess, 'pid' | 'startTicks'>, correction: Correction, signal?: AbortSignal): Promise<void> {
  const { cpus, policy } = correction;
  requireSameThread(root, process, correction);
  const becomesOrdinary = policy !== 'FIFO' && policy !== 'RR';
  if (policy !== undefined && becomesOrdinary) await setPolicy(policy, correction, signal);
  if (cpus !== undefined) await setCpus(root, process.pid, cpus, correction, signal);
  if (policy !== undefined && !becomesOrdinary) await setPolicy(policy, correction, signal);
}

async function setPolicy(policy: SchedPolicy, correction: Correction, signal: AbortSignal | undefined): Promise<void> {
  const option = chrtOptions[policy];
  if (option === undefined) throw new HostError('CONTROL_REFUSED', `${nameOf(correction)} cannot be made SCHED_${policy}; accepted: ${Object.keys(chrtOptions).join(', ')}`);
  await runTool('chrt', [option, '--pid', String(correction.priority ?? 0), String(correction.tid)], correction, signal);
}

/**
 * A thread that KVM made as a copy of a vCPU's is in that vCPU's cpuset too, which has no other CPUs: it has to leave
 * it first.
 */
async function setCpus(root: HostRoot, pid: number, cpus: CpuSet, correction: Correction, signal: AbortSignal | undefined): Promise<void> {
  const set = () => runTool('taskset', ['--cpu-list', '--pid', cpus.toString(), String(correction.tid)], correction, signal);
  try {
    await set();
  } catch (error) {
    const isStuck = error instanceof HostError && error.code === 'CONTROL_REFUSED' && threadRole(correction.comm).kind === 'kvm-nx-lpage-recovery';
    if (!isStuck || !joinMainThread(root, pid, correction.tid)) throw error;
    await set();
  }
}

/** In the process' task list, or a kernel thread outside; under the name that the audit saw. */
function requireSameThread(root: HostRoot, process: Pick<ObservedProcess, 'pid' | 'startTicks'>, correction: Correction): void {
  const leader = readLeader(root, process.pid);
  const own = readLiveStat(`${root.proc}/${process.pid}/task/${correction.tid}`);
  const stat = own ?? readKernelThread(root, correction.tid);
  if (leader?.startTicks === process.startTicks && stat?.comm === correction.comm) return;
  throw new HostError('THREAD_GONE', `${nameOf(correction)} of process ${process.pid} has ended: it is not corrected`);
}

function readKernelThread(root: HostRoot, tid: number): { readonly comm: string } | undefined {
  const stat = readLiveStat(`${root.proc}/${tid}`);
  return stat?.parentPid === kthreaddPid ? stat : undefined;
}

async function runTool(tool: string, args: readonly string[], correction: Correction, signal: AbortSignal | undefined): Promise<void> {
  try {
    await run(tool, args, { timeout: toolTimeoutMs, signal, env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' } });
  } catch (error) {
    if (errorCode(error) === 'ABORT_ERR') throw error;
    if (errorCode(error) === 'ENOENT') throw new HostError('TOOL_MISSING', `${tool} is not installed, so threads cannot be corrected: apt-get install util-linux`, { cause: error });
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : reasonOf(error);
    throw new HostError('CONTROL_REFUSED', `${tool} ${args.join(' ')} for ${nameOf(correction)} failed: ${said}${remedy(said)}`, { cause: error });
  }
}

function remedy(said: string): string {
  return said.includes('Operation not permitted')
    ? '; it takes CAP_SYS_NICE, and with RT_GROUP_SCHED a cgroup with realtime runtime: "rtvm host check" says which is missing'
    : '';
}

function nameOf(correction: Correction): string {
  return `thread ${correction.comm} (tid ${correction.tid})`;
}
