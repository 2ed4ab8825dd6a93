/**
 * The agent of one host: makes the host agree with its RealtimeAllocation, audits, reports.
 *
 * It knows three things, each read anew whenever it may have changed: the allocation (from the store), the domains (from
 * libvirt) and the threads (from /proc). All else that it remembers can be lost at any instruction without harm.
 */
import { isDeepStrictEqual } from 'node:util';
import type { AllocatedGuest } from '../crds/realtime-allocation.ts';
import type { RealtimeNodeStatus } from '../crds/realtime-node-status.ts';
import { isSeal } from '../protocol/seal.ts';
import type { VirtType } from '../realtime/domain/domain-input.ts';
import { hostFactsOfCpuFlags } from '../realtime/domain/host-facts.ts';
import { withFields } from '../runtime/log.ts';
import type { Log, LogFields } from '../runtime/log.ts';
import { objectKey } from '../runtime/object-key.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { StoreProblem } from '../store/problem.ts';
import type { EventDraft } from '../store/event.ts';
import type { ResourceStore } from '../store/resource-store.ts';
import type { Stored } from '../store/resource.ts';
import { WorkQueue } from '../runtime/work-queue.ts';
import type { ReconcileResult, WorkQueueObserver } from '../runtime/work-queue.ts';
import type { AgentEvent } from './agent-events.ts';
import { nobodyObserves } from './agent-observer.ts';
import type { AgentObserver } from './agent-observer.ts';
import { FirstLooks } from './first-looks.ts';
import { isAlive, isMadeWith, livingName } from './guest-look.ts';
import { GuestKeeper } from './guest-keeper.ts';
import { GuestStarter } from './guest-starter.ts';
import { readCpuFlags } from './host/cpu-flags.ts';
import type { HostRoot } from './host/host-root.ts';
import type { OpenHostFiles } from './host-files.ts';
import { kvmProblem } from './host/virtualization.ts';
import type { HostDomain, Hypervisor, HypervisorEvents } from './hypervisor.ts';
import { tellLookFailure } from './look-failure.ts';
import { NodeKeeper, nodeNews } from './node-keeper.ts';
import type { NodeNews } from './node-keeper.ts';
import { unlistedAmong } from './orphans.ts';
import { StartError } from './start-failure.ts';
import { Statements } from './statements.ts';
import type { StatementName } from './statements.ts';
import { TableReader } from './table-reader.ts';

export interface AgentOptions {
  readonly store: ResourceStore;
  readonly nodeName: string;
  /** Of rtvm, for people. */
  readonly version: string;
  /** Of the RealtimeNode, where it has to be made. */
  readonly nodeLabels: Readonly<Record<string, string>>;
  readonly hypervisor: Hypervisor;
  readonly root: HostRoot;
  readonly files: OpenHostFiles;
  readonly virtType: VirtType;
  readonly auditIntervalMs: number;
  readonly runtime: Runtime;
  readonly log: Log;
  /** Called when libvirt is lost or cannot be reached; the agent goes on trying. */
  readonly libvirtAway?: (error: unknown) => void;
  /** Called when the agent has stated what lives in a new session: its Lease is to say so. */
  readonly stated?: () => void;
  readonly observer?: AgentObserver;
  readonly queueObserver?: (queue: 'guests' | 'reports') => WorkQueueObserver;
  /** What a person has to mend so that this node's objects can be read, whenever that changes. */
  readonly problems?: (problems: readonly StoreProblem[]) => void;
}

/** What is told to the store beside {@link nodeNews}. */
const reportsKey = 'guests';
/** Guests that change in the same moment are told of in one write. */
const reportDelayMs = 100;
/** First and longest pause while the store is away: when it is back, a controller waits for what is told. */
const tellAgain = { firstMs: 100, maxMs: 10_000 };
/** A first statement waits for a first look at each guest, but for no guest longer than this. */
const longestLooksMs = 2000;
/** Several guests may be started at once, which is mostly waiting for the kernel to clear their memory. */
const concurrency = 4;

export class Agent {
  readonly #options: AgentOptions;
  readonly #log: Log;
  readonly #stop = new AbortController();
  readonly #reader: TableReader;
  readonly #statements: Statements;
  readonly #looks = new FirstLooks();
  readonly #keeper: GuestKeeper;
  readonly #node: NodeKeeper;
  readonly #observer: AgentObserver;
  readonly #queue: WorkQueue;
  /** What waits for the store has a queue of its own: no guest waits for it. */
  readonly #telling: WorkQueue;
  #entries: ReadonlyMap<string, AllocatedGuest> = new Map();
  /** Until the allocation has been read, nothing can be said of any domain. */
  #allocationKnown = false;
  /** Which table the entries are from. */
  #table: Pick<RealtimeNodeStatus, 'allocationUid' | 'term'> = {};
  /** The table names this agent's session. */
  #isOpen = false;
  /** A controller of this protocol has written the table as it was last read. */
  #isSealed = false;
  /** Domains of ours by the last look at all of them: their UUIDs, by the UID of the VM; and those that live. */
  #uuids: ReadonlyMap<string, string> = new Map();
  #alive: ReadonlyMap<string, HostDomain> = new Map();

  constructor(options: AgentOptions) {
    this.#options = options;
    this.#observer = options.observer ?? nobodyObserves;
    const { store, nodeName, hypervisor, root, virtType, runtime: { clock } } = options;
    const log = withFields(options.log, { node: nodeName });
    this.#log = log;
    const files = options.files(() => this.#imagesInUse());
    this.#reader = new TableReader({ files, log, random: options.runtime.random });
    this.#statements = new Statements({
      store, nodeName, reader: this.#reader,
      mayState: () => this.#looks.areDone,
      isStarting: (uid) => this.#keeper.isStarting(uid),
      livingBy: (entry) => {
        const domain = this.#alive.get(entry.vm.uid);
        return domain !== undefined && isMadeWith(entry, domain) ? livingName(entry, domain) : undefined;
      },
      outdated: () => this.#telling.add(reportsKey, reportDelayMs),
    });
    const starter = new GuestStarter({
      hypervisor, files, virtType, hostFacts: hostFactsOfCpuFlags(readCpuFlags(root)),
      offer: () => this.#node.offer,
      requireHost: () => requireKvm(root, virtType),
    });
    const tellVm = (vm: AllocatedGuest['vm'], event: AgentEvent) => this.#recordEvent({ about: { kind: 'RealtimeVM', ...vm }, ...event });
    this.#keeper = new GuestKeeper({
      hypervisor, starter, clock, log,
      auditIntervalMs: options.auditIntervalMs,
      lastReport: (uid) => this.#statements.get(uid),
      observer: this.#observer,
      isOpen: () => this.#isOpen,
      uuidOf: (uid) => this.#uuids.get(uid),
      lookAtAll: () => this.#telling.add(nodeNews.orphans),
      report: (report) => this.#statements.set(report),
      event: tellVm,
    });
    this.#node = new NodeKeeper({
      store, nodeName, version: options.version, nodeLabels: options.nodeLabels, root, hypervisor, virtType, clock, log,
      event: tellVm,
      due: (news) => this.#telling.add(news),
      allocated: () => (this.#allocationKnown ? { entries: this.#entries, table: this.#table } : undefined),
      seen: (domains) => this.#seen(domains),
      offered: this.#observer.offered,
      offerKnown: () => this.#lookAtEverything(),
    });
    this.#queue = new WorkQueue((uid, signal) => this.#reconcile(uid, signal), {
      clock,
      concurrency,
      observer: options.queueObserver?.('guests') ?? {},
      onError: (uid, error, retryInMs) => log.warn('guest reconcile failed; retrying', { ...this.#about(uid), retryInMs, error }),
    });
    this.#telling = new WorkQueue((key, signal) => this.#tell(key, signal), {
      clock,
      backoff: tellAgain,
      concurrency: 3,
      observer: options.queueObserver?.('reports') ?? {},
      onError: (report, error, retryInMs) => log.warn('report not written; retrying', { report, retryInMs, error }),
    });
  }

  /** Runs until {@link stop}; rejects when the store cannot be watched any more. Running domains outlive it untouched. */
  async run(): Promise<void> {
    const { hypervisor } = this.#options;
    const { signal } = this.#stop;
    try {
      this.#telling.add(nodeNews.host);
      hypervisor.connect(this.#hypervisorEvents());
      await Promise.all([this.#followAllocation(signal), this.#node.follow(signal)]);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      this.#stop.abort();
      await Promise.all([this.#queue.stop(), this.#telling.stop()]);
      this.#keeper.end();
      await hypervisor.stop();
    }
  }

  stop(): void {
    this.#stop.abort();
  }

  /** Whether every guest that runs was audited in the last two intervals; before the allocation is known there is none. */
  get auditsOnTime(): boolean {
    return this.#keeper.auditsOnTime;
  }

  /** The last statement of this session: its Lease names it. Undefined before the first look, and where the table has gone back. */
  get statement(): StatementName | undefined {
    return this.#statements.last;
  }

  /**
   * Whether the agent has looked and said so: before, its Lease is not renewed. A controller of an earlier version
   * asks for no statement.
   */
  get isAtWork(): boolean {
    return this.#isSealed ? this.statement !== undefined : this.#looks.areDone;
  }

  #hypervisorEvents(): HypervisorEvents {
    const { libvirtAway } = this.#options;
    return {
      connected: () => {
        this.#telling.add(nodeNews.versions);
        this.#lookAtEverything();
      },
      disconnected: (reason) => {
        if (this.#stop.signal.aborted) return;
        this.#log.warn('libvirt connection lost', { error: reason });
        libvirtAway?.(reason);
      },
      connectFailed: (error) => libvirtAway?.(error),
      changed: (uuid) => {
        const entry = [...this.#entries.values()].find(({ guest, vm }) => guest.uuid === uuid || this.#uuids.get(vm.uid) === uuid);
        if (entry === undefined) this.#telling.add(nodeNews.orphans);
        else this.#queue.add(entry.vm.uid);
      },
    };
  }

  async #followAllocation(signal: AbortSignal): Promise<void> {
    const { store, nodeName } = this.#options;
    for await (const event of store.watch('RealtimeAllocation', { name: nodeName }, signal)) {
      switch (event.type) {
        case 'added':
        case 'modified':
          await this.#reader.take(event.object);
          this.#takeEntries(event.object.spec.guests);
          this.#takeTable(event.object);
          this.#statements.read(event.object);
          break;
        case 'deleted':
          // A table that is gone says nothing about its guests: they become orphans, and run on.
          await this.#reader.take(undefined);
          this.#statements.tableGone();
          [this.#table, this.#isOpen] = [{}, false];
          this.#takeEntries([]);
          break;
        case 'synced':
          this.#allocationKnown = true;
          this.#looks.begin(this.#entries.keys());
          this.#options.runtime.clock.after(longestLooksMs, () => this.#endFirstLooks(), { background: true });
          this.#lookAtEverything();
          break;
        case 'problems':
          this.#options.problems?.(event.problems);
          break;
      }
    }
  }

  /** Another table, or another controller that has to know what runs beside it. */
  #takeTable({ metadata: { uid }, spec: { term, session } }: Stored<'RealtimeAllocation'>): void {
    const wasOpen = this.#isOpen;
    this.#isOpen = session === this.#reader.session;
    this.#isSealed = isSeal(term);
    // What waits for it is looked at again.
    if (this.#isOpen && !wasOpen) for (const entry of this.#entries.keys()) this.#queue.add(entry);
    const table = { allocationUid: uid, ...(term === undefined ? {} : { term }) };
    const isOther = !isDeepStrictEqual(table, this.#table);
    this.#table = table;
    // What is told is read at once: it must be of this table.
    if (isOther) this.#telling.add(nodeNews.orphans);
  }

  #takeEntries(guests: readonly AllocatedGuest[]): void {
    this.#observer.allocated(guests);
    const before = this.#entries;
    this.#entries = new Map(guests.map((entry) => [entry.vm.uid, entry]));
    let isAnyOtherGrant = false;
    for (const [uid, entry] of this.#entries) {
      const known = before.get(uid);
      if (known === undefined || !sameWish(known, entry)) this.#queue.add(uid);
      isAnyOtherGrant ||= known !== undefined && known.grant?.name !== entry.grant?.name;
    }
    if (before.size === 0 && guests.length > 0) this.#telling.add(nodeNews.threads);
    const gone = [...before.keys()].filter((uid) => !this.#entries.has(uid));
    for (const uid of gone) {
      this.#keeper.forget(uid);
      this.#statements.forget(uid);
    }
    // Who was an orphan may have been taken up; who lost its entry, or its grant there, may have become one.
    if (gone.length > 0 || isAnyOtherGrant || this.#node.anyOrphans) this.#telling.add(nodeNews.orphans);
  }

  #lookAtEverything(): void {
    if (!this.#allocationKnown) return;
    for (const uid of this.#entries.keys()) this.#queue.add(uid);
    this.#telling.add(nodeNews.orphans);
  }

  /** All domains of the host, as just read. One that cannot go may be being started still, for all that is known. */
  #seen(read: readonly HostDomain[]): void {
    const domains = read.map((domain) => (this.#keeper.cannotGo(domain) ? { ...domain, run: 'changing' as const } : domain));
    const ours = domains.filter(({ metadata }) => metadata !== undefined);
    // Where a VM has several, it is the one that lives that counts.
    const alive = ours.toSorted((one, other) => Number(one.run !== 'off') - Number(other.run !== 'off'));
    this.#uuids = new Map(alive.flatMap(({ uuid, metadata }) => (metadata === undefined ? [] : [[metadata.uid, uuid]])));
    this.#alive = new Map(ours.flatMap((domain) => (isAlive(domain) ? [[domain.metadata?.uid ?? '', domain]] : [])));
    const left = ours.filter((domain) => this.#keeper.isLeft(domain));
    this.#looks.listed(left.length > 0);
    this.#statements.setUnlisted(unlistedAmong(domains, this.#entries, this.#options.nodeName));
    for (const { metadata, run } of ours) {
      const uid = metadata?.uid ?? '';
      if (!this.#entries.has(uid) || (run === 'off' && left.some((one) => one.metadata?.uid === uid))) this.#queue.add(uid);
    }
    this.#telling.add(reportsKey);
  }

  async #reconcile(uid: string, signal: AbortSignal): Promise<ReconcileResult> {
    const entry = this.#entries.get(uid);
    if (!this.#allocationKnown) return {};
    try {
      return await this.#keeper.keep(uid, entry, signal);
    } catch (error) {
      if (entry !== undefined) tellLookFailure(entry, error, this.#statements, this.#observer);
      throw error;
    } finally {
      this.#looked(uid);
    }
  }

  #looked(uid: string): void {
    if (this.#options.hypervisor.isConnected && this.#looks.looked(uid)) this.#telling.add(reportsKey);
  }

  #endFirstLooks(): void {
    if (this.#looks.waitNoLonger()) this.#telling.add(reportsKey);
  }

  async #tell(key: string, signal: AbortSignal): Promise<ReconcileResult> {
    if (isNodeNews(key)) return this.#node.tell(key, signal);
    const before = this.statement?.session;
    const wasAtWork = this.isAtWork;
    await this.#statements.write(signal);
    if (this.statement?.session !== before || this.isAtWork !== wasAtWork) this.#options.stated?.();
    return {};
  }

  /** It says what reports and statuses say too; nothing waits for it. */
  #recordEvent(event: EventDraft): void {
    this.#options.store.recordEvent(event, this.#stop.signal).catch((error: unknown) => {
      if (this.#stop.signal.aborted) return;
      this.#log.warn('event not recorded', { vm: objectKey(event.about), reason: event.reason, error });
    });
  }

  #imagesInUse(): ReadonlySet<string> {
    const guests = [...this.#entries.values()].map(({ guest }) => guest);
    const images = guests.flatMap(({ boot, disks }) => [boot.image, ...disks.map(({ image }) => image)]);
    return new Set(images.flatMap((image) => image?.source.sha256 ?? []));
  }

  #about(uid: string): LogFields {
    const entry = this.#entries.get(uid);
    return entry === undefined ? { uid } : { vm: objectKey(entry.vm), request: entry.request };
  }
}

/** Whether two versions of an entry ask for the same; what the table says of other guests, or its status, is no reason to look. */
function sameWish(left: AllocatedGuest, right: AllocatedGuest): boolean {
  return left.desired === right.desired && left.request === right.request && left.generation === right.generation
    && left.grant?.name === right.grant?.name && isDeepStrictEqual(left.placement, right.placement);
}

function requireKvm(root: HostRoot, virtType: VirtType): void {
  const problem = virtType === 'kvm' ? kvmProblem(root) : undefined;
  if (problem !== undefined) throw new StartError('KvmUnavailable', problem);
}

const news: ReadonlySet<string> = new Set(Object.values(nodeNews));

function isNodeNews(key: string): key is NodeNews {
  return news.has(key);
}
