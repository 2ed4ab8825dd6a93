/** Reads domains' processes audit after audit, and remembers which kernel threads work for each. */
import type { ObservedProcess } from '../../realtime/observed.ts';
import type { HostRoot } from './host-root.ts';
import { findKernelThreads } from './kernel-threads.ts';
import type { KernelThread } from './kernel-threads.ts';
import { readLeader, readProcess } from './process.ts';

interface Known {
  readonly startTicks: bigint;
  readonly kernelThreads: readonly KernelThread[];
}

export class ProcessReader {
  readonly #root: HostRoot;
  readonly #known = new Map<number, Known>();

  constructor(root: HostRoot) {
    this.#root = root;
  }

  /** As `readProcess`, with the kernel threads found at the first reading of this process. Undefined when it is gone. */
  read(pid: number): ObservedProcess | undefined {
    const leader = readLeader(this.#root, pid);
    if (leader === undefined) {
      this.#known.delete(pid);
      return undefined;
    }
    let known = this.#known.get(pid);
    if (known?.startTicks !== leader.startTicks) {
      known = { startTicks: leader.startTicks, kernelThreads: findKernelThreads(this.#root, pid) };
      this.#known.set(pid, known);
    }
    return readProcess(this.#root, pid, known.kernelThreads);
  }

  /** Searches the kernel threads anew at the next reading: after a domain was resumed or its devices changed. */
  lookAgain(pid: number): void {
    this.#known.delete(pid);
  }
}
