/** Tells of domains that hold what no allocation gives them: on the RealtimeNode, in the log, and to their VMs, each once. */
import type { AllocatedGuest } from '../crds/realtime-allocation.ts';
import type { RealtimeNodeStatus } from '../crds/realtime-node-status.ts';
import type { CpuSet } from '../realtime/cpu-set.ts';
import type { Log } from '../runtime/log.ts';
import { objectKey } from '../runtime/object-key.ts';
import { isStoreError } from '../store/errors.ts';
import type { ResourceStore } from '../store/resource-store.ts';
import { cpusTakenEvent, orphanEvent } from './agent-events.ts';
import type { AgentEvent } from './agent-events.ts';
import type { HostDomain, Hypervisor } from './hypervisor.ts';
import { changeStatus } from './node-report.ts';
import { disturbedBy, orphansAmong, strangersAmong } from './orphans.ts';
import type { Orphan } from './orphans.ts';

export interface OrphanTellerOptions {
  readonly store: ResourceStore;
  readonly nodeName: string;
  readonly hypervisor: Hypervisor;
  readonly log: Log;
  readonly event: (vm: AllocatedGuest['vm'], event: AgentEvent) => void;
}

/** What domains are compared with. @property table which allocation the entries are from; empty where there is none. */
export interface Allocated {
  readonly entries: ReadonlyMap<string, AllocatedGuest>;
  readonly table: Pick<RealtimeNodeStatus, 'allocationUid' | 'term'>;
  readonly dedicatedCpus: CpuSet;
}

export class OrphanTeller {
  readonly #options: OrphanTellerOptions;
  #any = false;
  /** What was last warned of, as one text: each domain is reported once, not at every look. */
  #warnedOf = '';

  constructor(options: OrphanTellerOptions) {
    this.#options = options;
  }

  /** Whether there were any at the last look. */
  get any(): boolean {
    return this.#any;
  }

  /** @param domains as just read. */
  async tell(
    domains: readonly HostDomain[], { entries, table, dedicatedCpus }: Allocated, signal: AbortSignal,
  ): Promise<void> {
    const { store, nodeName } = this.#options;
    const orphans = orphansAmong(domains, entries, nodeName);
    const strangers = strangersAmong(domains, dedicatedCpus, nodeName);
    this.#warn(orphans, strangers, entries);
    this.#any = orphans.length > 0;
    try {
      await changeStatus(store, nodeName, (status) => ({ ...status, orphans: [...orphans, ...strangers], ...table }), signal);
    } catch (error) {
      // On a node that is gone nothing is placed, so nothing is lost by not telling.
      if (!isStoreError(error, 'NOT_FOUND')) throw error;
    }
  }

  #warn(orphans: readonly Orphan[], strangers: readonly Orphan[], entries: ReadonlyMap<string, AllocatedGuest>): void {
    const { log, event, nodeName } = this.#options;
    const disturbed = strangers.flatMap((stranger) => disturbedBy(stranger, entries.values()).map((victim) => ({ ...victim, domain: stranger.domain })));
    const found = {
      orphans: orphans.map(({ domain, vm }) => ({ domain, vm: vm === undefined ? undefined : objectKey(vm) })),
      strangers: strangers.map(({ domain, placement }) => ({ domain, cpus: placement?.reservedCpus })),
      disturbed: disturbed.map(({ domain, vm, cpus }) => ({ domain, vm: objectKey(vm), cpus: cpus.toString() })),
    };
    const warnedOf = JSON.stringify(found);
    if (warnedOf === this.#warnedOf) return;
    this.#warnedOf = warnedOf;
    for (const orphan of found.orphans) {
      log.warn('domain matches no allocation; left running, its CPUs stay reserved', {
        ...orphan, remedy: '"virsh destroy" and "virsh undefine" end it',
      });
    }
    for (const stranger of found.strangers) {
      log.warn('domain not managed by rtvm is pinned to dedicated pCPUs; no guest gets them while it runs', {
        ...stranger, remedy: "pin it elsewhere, or take them out of the RealtimeNode's spec.dedicatedCpus",
      });
    }
    for (const victim of found.disturbed) {
      log.warn('domain not managed by rtvm is pinned to pCPUs that the VM has to itself', victim);
    }
    for (const { domain, vm } of orphans) if (vm !== undefined) event(vm, orphanEvent(domain, nodeName));
    for (const { domain, vm, cpus } of disturbed) event(vm, cpusTakenEvent(domain, cpus.toString()));
  }
}
