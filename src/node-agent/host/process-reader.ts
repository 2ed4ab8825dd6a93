/** Reads domains' processes audit after audit, and remembers what does not change from one to the next. */
import { join } from 'node:path';
import type { ObservedProcess } from '../../realtime/observed.ts';
import { machineClock } from '../../runtime/clock.ts';
import type { Clock } from '../../runtime/clock.ts';
import { findCgroupTree } from './cgroup-tree.ts';
import type { CgroupTree } from './cgroup-tree.ts';
import { readCpuList } from './host-root.ts';
import type { HostRoot } from './host-root.ts';
import { findKernelThreads } from './kernel-threads.ts';
import type { KernelThread } from './kernel-threads.ts';
import { readLeader, readProcess } from './process.ts';

/** The kernel may make a vhost worker for a device that a guest switches on late. */
const searchEveryMs = 300_000;

export class ProcessReader {
  readonly #root: HostRoot;
  readonly #clock: Pick<Clock, 'nowMs'>;
  readonly #tree: CgroupTree | undefined;
  readonly #onlineFile: string;
  /** By pid, when each process that was read began. */
  readonly #started = new Map<number, bigint>();
  #kernelThreads: ReadonlyMap<number, readonly KernelThread[]> = new Map();
  #searchedAtMs = -Infinity;

  constructor(root: HostRoot, clock: Pick<Clock, 'nowMs'> = machineClock) {
    this.#root = root;
    this.#clock = clock;
    this.#tree = findCgroupTree(root);
    this.#onlineFile = join(root.sys, 'devices/system/cpu/online');
  }

  /**
   * As `readProcess`, with the kernel threads found at the first reading of this process, and again every five
   * minutes, and with its control groups where they can be seen. Undefined when it is gone.
   */
  read(pid: number): ObservedProcess | undefined {
    const leader = readLeader(this.#root, pid);
    if (leader === undefined) {
      this.#started.delete(pid);
      return undefined;
    }
    const isNew = this.#started.get(pid) !== leader.startTicks;
    this.#started.set(pid, leader.startTicks);
    if (isNew || this.#clock.nowMs() - this.#searchedAtMs >= searchEveryMs) {
      this.#kernelThreads = findKernelThreads(this.#root);
      this.#searchedAtMs = this.#clock.nowMs();
    }
    const observed = readProcess(this.#root, pid, this.#kernelThreads.get(pid), this.#tree);
    return observed === undefined ? undefined : { ...observed, onlineCpus: readCpuList(this.#onlineFile) };
  }
}
