/**
 * Finds the kernel threads that work for one domain outside its process: vhost workers, `kvm-nx-lpage-recovery`, `kvm-pit`.
 *
 * Which are outside depends on the kernel. Since Linux 6.4 vhost workers, and since 6.14 (and stable updates of 6.12) the
 * recovery thread, are threads of the process itself, in its own task list. Before, and for vhost again where the
 * administrator asks for it, they are children of kthreadd, as `kvm-pit` always is. Their names carry the process' number;
 * only the recovery thread's loses it on kernels before 5.17, which cut names to 15 bytes: there it is not found.
 */
import type { HostRoot } from './host-root.ts';
import { listNumbered, readText } from './host-root.ts';
import { readLiveStat } from './process.ts';

/** One kernel thread; the start tells it apart from a later one of the same number. */
export interface KernelThread {
  readonly tid: number;
  readonly startTicks: bigint;
}

/** kthreadd, the parent of all kernel threads. */
export const kthreaddPid = 2;

/**
 * Looks once at every kernel thread of the host, which takes milliseconds on a large one: for the start of a domain and for
 * changes of its devices, not for every audit. `ProcessReader` remembers the answer.
 */
export function findKernelThreads(root: HostRoot, pid: number): KernelThread[] {
  const names = [`vhost-${pid}`, `kvm-pit/${pid}`, `kvm-nx-lpage-recovery-${pid}`];
  return candidates(root).flatMap((tid) => {
    const stat = readLiveStat(`${root.proc}/${tid}`);
    return stat?.parentPid === kthreaddPid && names.includes(stat.comm) ? [{ tid, startTicks: stat.startTicks }] : [];
  });
}

/** kthreadd's children where the kernel lists them (CONFIG_PROC_CHILDREN, as distributions have it), else every process. */
function candidates(root: HostRoot): number[] {
  const children = readText(`${root.proc}/${kthreaddPid}/task/${kthreaddPid}/children`);
  if (children === undefined) return listNumbered(root.proc, '');
  return children === '' ? [] : children.split(' ').map(Number);
}
