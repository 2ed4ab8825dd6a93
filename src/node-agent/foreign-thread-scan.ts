/**
 * Looks for threads of others that may take pCPUs from guests, and tells of them: in the log, and the VMs concerned,
 * once each.
 */
import type { AllocatedGuest } from '../crds/realtime-allocation.ts';
import { unionOf } from '../realtime/cpu-set.ts';
import type { CpuSet } from '../realtime/cpu-set.ts';
import { describeForeign, foreignThreads } from '../realtime/verify/foreign-threads.ts';
import type { ForeignThread, HostThread } from '../realtime/verify/foreign-threads.ts';
import { foreignThreadsEvent } from './agent-events.ts';
import type { AgentEvent } from './agent-events.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { objectKey } from '../runtime/object-key.ts';
import { exclusiveCpus } from './exclusive-cpus.ts';
import type { HostRoot } from './host/host-root.ts';
import { scanThreads } from './host/thread-scan.ts';
import type { Hypervisor } from './hypervisor.ts';

export interface ForeignThreadScanOptions {
  readonly root: HostRoot;
  readonly hypervisor: Hypervisor;
  readonly log: Log;
  readonly clock: Pick<Clock, 'afterThisTurn'>;
  readonly event: (vm: AllocatedGuest['vm'], event: AgentEvent) => void;
}

interface HoldingGuest {
  readonly vm: AllocatedGuest['vm'];
  /** Those that it has to itself. */
  readonly cpus: CpuSet;
}

export class ForeignThreadScan {
  readonly #options: ForeignThreadScanOptions;
  /** What was last told to each VM, by UID. */
  #told = new Map<string, string>();
  #found: readonly ForeignThread[] = [];

  constructor(options: ForeignThreadScanOptions) {
    this.#options = options;
  }

  /** Those of the last look. */
  get found(): readonly ForeignThread[] {
    return this.#found;
  }

  /** @returns whether it has found others than before. */
  async look(entries: Iterable<AllocatedGuest>, signal: AbortSignal): Promise<boolean> {
    const guests = [...entries].map(({ vm, placement }): HoldingGuest => ({ vm, cpus: exclusiveCpus(placement) }));
    const before = textOf(this.#found);
    const guestCpus = unionOf(guests.map(({ cpus }) => cpus));
    this.#found = guestCpus.isEmpty ? [] : foreignThreads(await this.#threadsOfOthers(signal), guestCpus);
    this.#tell(guests);
    return textOf(this.#found) !== before;
  }

  /** A domain may start while threads are read: whose they are is asked again then. */
  async #threadsOfOthers(signal: AbortSignal): Promise<readonly HostThread[]> {
    const { root, clock } = this.#options;
    const threads = await scanThreads(root, await this.#ownProcesses(signal), clock, signal);
    const ours = await this.#ownProcesses(signal);
    return threads.filter(({ pid }) => !ours.has(pid));
  }

  async #ownProcesses(signal: AbortSignal): Promise<ReadonlySet<number>> {
    const { hypervisor } = this.#options;
    const domains = await hypervisor.list(signal);
    const ours = domains.filter(({ metadata }) => metadata !== undefined);
    return new Set(ours.flatMap((domain) => hypervisor.observe(domain)?.pid ?? []));
  }

  #tell(guests: readonly HoldingGuest[]): void {
    const { log, event } = this.#options;
    const told = new Map<string, string>();
    for (const { vm, cpus } of guests) {
      // One that may run anywhere is how the host is set up, which its check says once, and not of each VM.
      const text = textOf(this.#found.filter((thread) => thread.why === 'pinned' && thread.cpus.overlaps(cpus)));
      if (text === '') continue;
      told.set(vm.uid, text);
      if (this.#told.get(vm.uid) === text) continue;
      log.warn('threads of others are pinned to pCPUs that the VM has to itself', {
        vm: objectKey(vm), cpus: cpus.toString(), detail: text,
      });
      event(vm, foreignThreadsEvent(text));
    }
    this.#told = told;
  }
}

/** As many as fit into an event; the host check has the number of all. */
const namedThreads = 8;

function textOf(threads: readonly ForeignThread[]): string {
  const named = threads.slice(0, namedThreads).map(describeForeign).join('; ');
  return threads.length <= namedThreads ? named : `${named}; and ${threads.length - namedThreads} more`;
}
