/** This host's RealtimeNode: read for what its administrator gives to guests, and told what the host is and what runs there unallocated. */
import { isDeepStrictEqual } from 'node:util';
import { formatProblem } from '../crds/document-problem.ts';
import { deviceAddressesOf } from '../crds/host-devices.ts';
import type { RealtimeNode } from '../crds/realtime-node.ts';
import { toHostInventory } from '../crds/to-host-inventory.ts';
import { hostChecks } from '../realtime/checks/host-checks.ts';
import { CpuSet } from '../realtime/cpu-set.ts';
import type { VirtType } from '../realtime/domain/domain-input.ts';
import type { HostInventory } from '../realtime/host.ts';
import type { Clock } from '../runtime/clock.ts';
import type { ReconcileResult } from '../runtime/work-queue.ts';
import type { AgentObserver } from './agent-observer.ts';
import { withChecks } from './check-report.ts';
import { ForeignThreadScan } from './foreign-thread-scan.ts';
import { readHostReadings } from './host/host-readings.ts';
import type { HostUse } from './host/host-readings.ts';
import { readTopology } from './host/topology.ts';
import type { HostOffer } from './host-offer.ts';
import type { HostDomain } from './hypervisor.ts';
import { changeStatus, publishNode } from './node-report.ts';
import type { NodePublication } from './node-report.ts';
import { OrphanTeller } from './orphan-teller.ts';
import type { Allocated, OrphanTellerOptions } from './orphan-teller.ts';

/** What there is to tell; each is a key of the agent's queue. */
export const nodeNews = {
  host: 'host', versions: 'versions', checks: 'checks', orphans: 'orphans', threads: 'threads',
} as const;
export type NodeNews = typeof nodeNews[keyof typeof nodeNews];

/** Whoever pins a thread to a guest's pCPU is found this soon; to read all threads of a host takes some milliseconds of a housekeeping CPU. */
const threadsEveryMs = 300_000;

/** Set-ups change when people change them; to read all of it takes some milliseconds. */
const checksEveryMs = 3_600_000;

export interface NodeKeeperOptions extends NodePublication, OrphanTellerOptions {
  readonly virtType: VirtType;
  readonly clock: Clock;
  /** This is to be told soon, by {@link NodeKeeper.tell}. */
  readonly due: (news: NodeNews) => void;
  /** Undefined until the allocation has been read: before, nothing can be said of any domain. */
  readonly allocated: () => Omit<Allocated, 'dedicatedCpus'> | undefined;
  /** Takes all domains of the host, as just read. */
  readonly seen: (domains: readonly HostDomain[]) => void;
  readonly offered: AgentObserver['offered'];
  /** What the host gives to guests is known from now on. */
  readonly offerKnown: () => void;
}

export class NodeKeeper {
  readonly #options: NodeKeeperOptions;
  readonly #orphans: OrphanTeller;
  readonly #foreign: ForeignThreadScan;
  /** There are guests, and threads are scanned again by themselves. */
  #scans = false;
  /** Undefined until the RealtimeNode was read: before that, nobody's domain can be in the way of guests. */
  #offer: HostOffer | undefined;
  /** PCI devices that the administrator names: where they are attached is told. */
  #devices: readonly string[] = [];
  /** There is a RealtimeNode to tell of. */
  #isTold = false;

  constructor(options: NodeKeeperOptions) {
    this.#options = options;
    this.#orphans = new OrphanTeller(options);
    this.#foreign = new ForeignThreadScan(options);
  }

  /** The last that could be gone by, where there was one: a slip in a RealtimeNode keeps no guest from coming up again. */
  get offer(): HostOffer | undefined {
    return this.#offer;
  }

  /** Whether there were orphans at the last look. */
  get anyOrphans(): boolean {
    return this.#orphans.any;
  }

  /** Follows the RealtimeNode until the signal aborts. */
  async follow(signal: AbortSignal): Promise<void> {
    const { store, nodeName } = this.#options;
    for await (const event of store.watch('RealtimeNode', { name: nodeName }, signal)) {
      if (event.type === 'problems') this.#learnOffer({ kind: 'unusable', why: event.problems.map(({ message }) => message).join('; ') });
      if (event.type === 'added' || event.type === 'modified') this.#take(event.object);
      // Without it nobody knows of this host, nor of what runs here.
      if (event.type === 'deleted') this.#options.due(nodeNews.host);
    }
  }

  async tell(news: NodeNews, signal: AbortSignal): Promise<ReconcileResult> {
    switch (news) {
      case nodeNews.host:
        await publishNode(this.#options, signal);
        this.#isTold = true;
        this.#options.due(nodeNews.versions);
        this.#options.due(nodeNews.orphans);
        return {};
      case nodeNews.versions:
        return this.#tellVersions(signal);
      case nodeNews.checks:
        return this.#tellChecks(signal);
      case nodeNews.orphans:
        return this.#tellOrphans(signal);
      case nodeNews.threads:
        return this.#tellThreads(signal);
    }
  }

  #take(node: RealtimeNode): void {
    const { due, log, offered } = this.#options;
    const isDescribed = node.status?.topology !== undefined;
    const devices = deviceAddressesOf(node.spec);
    if (!isDescribed || !isDeepStrictEqual(devices, this.#devices)) due(nodeNews.host);
    this.#devices = devices;
    const inventory = toHostInventory(node);
    if (inventory.ok) {
      // Whose domains are in the way of guests depends on what is theirs.
      const before = this.#inventory;
      this.#learnOffer({ kind: 'usable', inventory: inventory.value });
      if (before?.dedicatedCpus.equals(inventory.value.dedicatedCpus) !== true) due(nodeNews.orphans);
      if (before === undefined || !isSameUse(before, inventory.value)) due(nodeNews.checks);
      offered(inventory.value);
    } else if (isDescribed) {
      const problems = inventory.problems.map(formatProblem);
      log.warn('RealtimeNode cannot be used; the node takes no guests', { problems });
      this.#learnOffer({ kind: 'unusable', why: problems.join('; ') });
    }
  }

  get #inventory(): HostInventory | undefined {
    return this.#offer?.kind === 'usable' ? this.#offer.inventory : undefined;
  }

  /** Also where it cannot be read: such a node takes no guests, and what runs there is to be told all the same. */
  #learnOffer(offer: HostOffer): void {
    const before = this.#offer;
    if (offer.kind === 'usable' || before?.kind !== 'usable') this.#offer = offer;
    if (before !== undefined) return;
    this.#options.due(nodeNews.orphans);
    this.#options.offerKnown();
  }

  async #tellVersions(signal: AbortSignal): Promise<ReconcileResult> {
    const { store, nodeName, hypervisor } = this.#options;
    if (!hypervisor.isConnected || !this.#isTold) return {};
    const versions = await hypervisor.versions(signal);
    await changeStatus(store, nodeName, (status) => ({ ...status, versions: { ...status.versions, ...versions } }), signal);
    return {};
  }

  async #tellChecks(signal: AbortSignal): Promise<ReconcileResult> {
    const { store, nodeName, root, virtType, clock } = this.#options;
    if (this.#inventory === undefined) return {};
    const checks = hostChecks({ ...readHostReadings(root, readTopology(root), this.#inventory), foreignThreads: this.#foreign.found });
    // Emulated guests need no KVM.
    const told = virtType === 'kvm' ? checks : checks.filter(({ name }) => name !== 'kvm');
    await changeStatus(store, nodeName, (status) => withChecks(status, told, clock.date()), signal);
    return { requeueAfterMs: checksEveryMs };
  }

  async #tellOrphans(signal: AbortSignal): Promise<ReconcileResult> {
    const { hypervisor, seen } = this.#options;
    if (!hypervisor.isConnected || this.#options.allocated() === undefined) return {};
    const domains = await hypervisor.list(signal);
    seen(domains);
    const allocated = this.#options.allocated();
    if (allocated === undefined || !this.#isTold || this.#offer === undefined) return {};
    const dedicatedCpus = this.#inventory?.dedicatedCpus ?? CpuSet.empty();
    await this.#orphans.tell(domains, { ...allocated, dedicatedCpus }, signal);
    if (!this.#scans) this.#options.due(nodeNews.threads);
    return {};
  }

  /** Which threads are guests' own only libvirt can say: without it, what was found last stands. */
  async #tellThreads(signal: AbortSignal): Promise<ReconcileResult> {
    const { hypervisor, allocated, due } = this.#options;
    const entries = allocated()?.entries;
    this.#scans = hypervisor.isConnected && entries !== undefined && entries.size > 0;
    // The first guest, and a connection, ask for it again.
    if (!this.#scans || entries === undefined) return {};
    if (await this.#foreign.look(entries.values(), signal)) due(nodeNews.checks);
    return { requeueAfterMs: threadsEveryMs };
  }
}

function isSameUse(one: HostUse, other: HostUse): boolean {
  return one.dedicatedCpus.equals(other.dedicatedCpus) && one.sharedCpus.equals(other.sharedCpus) && one.maxPriority === other.maxPriority;
}
