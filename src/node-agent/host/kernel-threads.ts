/**
 * Finds the kernel threads that work for one domain outside its process: vhost workers, `kvm-nx-lpage-recovery`,
 * `kvm-pit`.
 *
 * Which are outside depends on the kernel. Since Linux 6.4 vhost workers, and since 6.14 (and stable updates of 6.12)
 * the recovery thread, are threads of the process itself, in its own task list. Before, and for vhost again where the
 * administrator asks for it, they are children of kthreadd, as `kvm-pit` always is where the interrupt controller is
 * all in the kernel (with a split one there is none: KVM_CREATE_PIT2 is refused). Their names carry the process'
 * number; only the recovery thread's loses it on kernels before 5.17, which cut names to 15 bytes: there it is not
 * found.
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
 * Looks once at every kernel thread of the host, which takes milliseconds on a large one: for the start of a domain
 * and now and then, not for every audit. `ProcessReader` remembers the answer.
 * @returns by the process that they work for.
 */
export function findKernelThreads(root: HostRoot): ReadonlyMap<number, readonly KernelThread[]> {
  const found = new Map<number, KernelThread[]>();
  for (const tid of candidates(root)) {
    const stat = readLiveStat(`${root.proc}/${tid}`);
    const owner = stat?.parentPid === kthreaddPid ? ownerOf(stat.comm) : undefined;
    if (stat === undefined || owner === undefined) continue;
    found.set(owner, [...found.get(owner) ?? [], { tid, startTicks: stat.startTicks }]);
  }
  return found;
}

/** The process that a kernel thread of this name works for. */
export function ownerOf(comm: string): number | undefined {
  const pid = /^(?:vhost-|kvm-pit\/|kvm-nx-lpage-recovery-)([1-9]\d*)$/.exec(comm)?.[1];
  return pid === undefined ? undefined : Number(pid);
}

/**
 * kthreadd's children where the kernel lists them (CONFIG_PROC_CHILDREN, as distributions have it), else every
 * process.
 */
function candidates(root: HostRoot): number[] {
  const children = readText(`${root.proc}/${kthreaddPid}/task/${kthreaddPid}/children`);
  if (children === undefined) return listNumbered(root.proc, '');
  return children === '' ? [] : children.split(' ').map(Number);
}
