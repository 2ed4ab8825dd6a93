/**
 * How often each realtime guarantee was broken, as counters that only rise: involuntary switches and run delay of vCPU
 * threads, over every restart of the domain. The kernel's own figures begin anew with each thread.
 */
import type { Audit } from '../../realtime/finding.ts';
import type { ObservedProcess } from '../../realtime/observed.ts';

/** What has come on top since the last reading. */
export interface VcpuIncrease {
  readonly vcpu: number;
  readonly involuntarySwitches: number;
  readonly runDelaySeconds: number;
}

interface Reading {
  /** Pid, its start time and thread: no other thread that ever was or will be is the same. */
  readonly thread: string;
  readonly involuntarySwitches: bigint;
  readonly runDelayNs: bigint;
}

/** One guest's vCPU threads from reading to reading. */
export class VcpuCounters {
  readonly #last = new Map<number, Reading>();

  /**
   * @returns one item per vCPU thread. A thread that was not seen before counts from its own beginning, so that what an
   * agent says after its restart goes on from what the one before it said.
   */
  read(audit: Audit, { pid, startTicks, threads }: ObservedProcess): readonly VcpuIncrease[] {
    const byTid = new Map(threads.map((thread) => [thread.tid, thread]));
    return audit.threads.flatMap(({ role, tid }) => {
      const observed = byTid.get(tid);
      if (role.kind !== 'vcpu' || observed === undefined) return [];
      const now: Reading = { thread: `${pid}@${startTicks}/${tid}`, involuntarySwitches: observed.involuntarySwitches, runDelayNs: observed.runDelayNs };
      const before = this.#last.get(role.vcpu);
      const base = before?.thread === now.thread ? before : { involuntarySwitches: 0n, runDelayNs: 0n };
      this.#last.set(role.vcpu, now);
      return [{
        vcpu: role.vcpu,
        involuntarySwitches: risen(base.involuntarySwitches, now.involuntarySwitches),
        runDelaySeconds: risen(base.runDelayNs, now.runDelayNs) / 1e9,
      }];
    });
  }

  get vcpus(): Iterable<number> {
    return this.#last.keys();
  }
}

/** A counter must never fall, whatever a kernel says. */
function risen(before: bigint, now: bigint): number {
  return now > before ? Number(now - before) : 0;
}
