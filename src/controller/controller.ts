/**
 * Places RealtimeVMs into RealtimeAllocations and writes every RealtimeVM's status, by the tables of src/protocol/.
 *
 * Invariant I1: what a VM holds is in the spec of one node's RealtimeAllocation, and it got there by a
 * compare-and-swap against the very table that its placement was decided on. Nothing is freed before the node's agent has
 * said that nothing of the guest is left.
 */
import type { AllocatedGuest } from '../crds/realtime-allocation.ts';
import type { Log } from '../runtime/log.ts';
import { objectKey } from '../runtime/object-key.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Leadership } from '../store/kubernetes/leadership.ts';
import type { StoreProblem } from '../store/problem.ts';
import type { ResourceStore } from '../store/resource-store.ts';
import type { Stored } from '../store/resource.ts';
import { WorkQueue } from '../runtime/work-queue.ts';
import type { WorkQueueObserver } from '../runtime/work-queue.ts';
import { AgentAlive } from './agent-alive.ts';
import { isAnswered } from './asked.ts';
import { ClusterWatch } from './cluster-watch.ts';
import type { ClusterWatchOptions } from './cluster-watch.ts';
import { ControllerParts } from './controller-parts.ts';
import type { GuardOptions } from './guard.ts';
import { Guards } from './guards.ts';
import type { GuardsObserver } from './guards.ts';
import type { InvariantsObserver } from './invariants-observer.ts';
import { catchesUpMs, Mirror } from './mirror.ts';
import type { NodeFacts } from './node-facts.ts';
import { NodeNews } from './node-news.ts';
import { LeaseRestoreRecord, NodeRestoreRecord } from './restore-records.ts';
import { statementOf } from './statement.ts';
import { WaitingVms } from './waiting-vms.ts';

export interface ControllerOptions {
  readonly store: ResourceStore;
  readonly runtime: Runtime;
  /** The cluster's own kinds; absent on one host without a cluster. */
  readonly cluster?: Pick<ClusterWatchOptions, 'cluster' | 'leaseNamespace' | 'leaderLease' | 'leaseMs'>;
  /** Guard pods on the nodes that have guests; absent, there are none, and a drain stops nothing. Needs `cluster`. */
  readonly guard?: GuardOptions;
  readonly guardsObserver?: GuardsObserver;
  /** What was noticed of the leaders' Lease. */
  readonly leadership?: Pick<Leadership, 'noticed' | 'onWentBack'>;
  /** Without a cluster: the last statement of the agent that runs in this process. */
  readonly agentOf?: (nodeName: string) => NodeFacts['statement'];
  readonly log: Log;
  readonly queueObserver?: WorkQueueObserver;
  /** Counts what must never be. */
  readonly invariants?: InvariantsObserver;
  /** What a person has to mend in the store's manifests, whenever that changes. */
  readonly problems?: (problems: readonly StoreProblem[]) => void;
}

/** VMs that are worked on at once: what is decided while a node's table is being written is written together. */
const concurrency = 32;
/** Tables are of different nodes. */
const nodeConcurrency = 16;
/** Of the queue that is about restores. */
const restoreKey = 'restore';

export class Controller {
  readonly #options: ControllerOptions;
  readonly #parts: ControllerParts;
  readonly #stop = new AbortController();
  readonly #vms: Mirror<'RealtimeVM'>;
  readonly #classes: Mirror<'RealtimeVMClass'>;
  readonly #images: Mirror<'RealtimeImage'>;
  readonly #nodes: Mirror<'RealtimeNode'>;
  readonly #allocations: Mirror<'RealtimeAllocation'>;
  readonly #record: LeaseRestoreRecord | NodeRestoreRecord;
  readonly #cluster: ClusterWatch | undefined;
  readonly #guards: Guards | undefined;
  readonly #queue: WorkQueue;
  readonly #nodeQueue: WorkQueue;
  readonly #restoreQueue: WorkQueue;
  /** Unplaced VMs, and those whose class or image is missing or wrong. */
  readonly #waiting: WaitingVms;
  readonly #news = new NodeNews();
  readonly #agentAlive: AgentAlive;
  /** Nodes whose table a watch has told of in an older version than is known, which may be the latest there is. */
  readonly #passedOver = new Set<string>();
  #synced = false;

  constructor(options: ControllerOptions) {
    this.#options = options;
    const { store, runtime, log, cluster } = options;
    const { clock } = runtime;
    this.#waiting = new WaitingVms({
      clock,
      isHeldUp: () => !this.#synced,
      retry: (keys) => this.#addInOrder(keys.flatMap((key) => this.#vms.find(key) ?? [])),
    });
    this.#vms = new Mirror({
      store, kind: 'RealtimeVM', clock, changed: (vm, gone) => this.#vmChanged(vm, gone),
      ...(options.problems === undefined ? {} : { problems: options.problems }),
    });
    this.#classes = new Mirror({ store, kind: 'RealtimeVMClass', changed: () => this.#waiting.changed() });
    this.#images = new Mirror({ store, kind: 'RealtimeImage', changed: () => this.#waiting.changed() });
    const ofNode = (name: string, take: () => void) => this.#parts.faults.ofNode(name, take);
    this.#nodes = new Mirror({
      store, kind: 'RealtimeNode',
      changed: (node, gone) => ofNode(node.metadata.name, () => this.#nodeChanged(node, gone)),
    });
    this.#allocations = new Mirror({
      store, kind: 'RealtimeAllocation',
      changed: (table, gone) => ofNode(table.metadata.name, () => this.#allocationChanged(table, gone)),
    });
    const lease = cluster === undefined ? undefined : new LeaseRestoreRecord(cluster.cluster, { namespace: cluster.leaseNamespace, name: cluster.leaderLease });
    const local = new NodeRestoreRecord(store);
    this.#record = lease ?? local;
    this.#cluster = cluster === undefined ? undefined : new ClusterWatch({
      ...cluster, clock,
      nodeChanged: (name) => ofNode(name, () => this.#factsChanged(name)),
      namespaceChanged: () => this.#waiting.changed(),
      leaderLeaseSeen: (seen) => this.#restoreSeen(() => lease?.seen(seen)),
      statementDue: (name) => this.#addConcerned(name),
    });
    const watch = this.#cluster;
    this.#agentAlive = new AgentAlive({
      store, clock, log, nodes: this.#nodes, factsOf: (name) => watch?.factsOf(name),
    });
    this.#parts = new ControllerParts({
      ...options, record: this.#record, signal: this.#stop.signal,
      vms: this.#vms, classes: this.#classes, images: this.#images, nodes: this.#nodes,
      factsOf: (name) => watch?.factsOf(name),
      // Every namespace carries its name as this label; without a cluster that is all it has.
      namespaceLabels: (name) => watch?.namespaceLabels(name) ?? { 'kubernetes.io/metadata.name': name },
      drains: (name) => this.#guards?.drains(name) === true,
      placesChanged: () => this.#waiting.changed(),
      restoreChanged: () => this.#restoreChanged(),
      suspected: () => this.#restoreQueue.add(restoreKey),
      unanswered: (name) => this.#addNode(name),
      knownNodes: () => this.#knownNodes(),
    });
    const { view, judge } = this.#parts;
    this.#guards = cluster === undefined || options.guard === undefined ? undefined : new Guards({
      ...options.guard, cluster: cluster.cluster, log, clock, observer: options.guardsObserver,
      tableOf: (name) => view.tableOf(name),
      guestsOf: (name) => this.#runningOn(name),
      isKnown: (name) => judge.isHeard(name),
      isFenced: (name) => judge.isFenced(name),
      blocks: ({ vm }) => this.#vms.get(vm)?.spec.evictionStrategy !== 'Shutdown',
      isCordoned: (name) => watch?.factsOf(name).node?.spec.unschedulable === true,
      changed: (name) => this.#addVmsOf(name),
    });
    this.#restoreQueue = new WorkQueue((_, signal) => this.#lookForRestore(signal), {
      clock, onError: (_, error, retryInMs) => log.warn('restore not looked into; retrying', { retryInMs, error }),
    });
    this.#nodeQueue = new WorkQueue((name, signal) => this.#reconcileNode(name, signal), {
      clock, concurrency: nodeConcurrency,
      onError: (node, error, retryInMs) => log.warn('RealtimeAllocation not written; retrying', { node, retryInMs, error }),
    });
    this.#queue = new WorkQueue(async (key, signal) => {
      const decidedAt = this.#waiting.changes;
      const { waits, againInMs } = await this.#parts.faults.ofVm(key, signal, () => this.#parts.reconciler.reconcile(key, signal));
      if (waits) this.#waiting.add(key, decidedAt);
      else this.#waiting.delete(key);
      return againInMs === undefined ? {} : { requeueAfterMs: againInMs };
    }, {
      clock, concurrency, observer: options.queueObserver ?? {},
      onError: (vm, error, retryInMs) => log.warn('reconcile failed; retrying', { vm, retryInMs, error }),
    });
  }

  /** Runs until {@link stop}; rejects when the store cannot be watched any more. */
  async run(): Promise<void> {
    const mirrors = [this.#nodes, this.#allocations, this.#classes, this.#images, this.#vms] as const;
    let unsynced = mirrors.length + (this.#cluster === undefined ? 0 : ClusterWatch.kinds);
    // What is held already is known before anything new is placed.
    const synced = () => {
      unsynced -= 1;
      if (unsynced === 0) this.#begin();
    };
    try {
      await Promise.all([...mirrors.map((mirror) => mirror.run(this.#stop.signal, synced)), this.#cluster?.run(this.#stop.signal, synced), this.#guards?.run(this.#stop.signal)]);
    } finally {
      this.#stop.abort();
      this.#waiting.stop();
      await Promise.all([this.#queue.stop(), this.#nodeQueue.stop(), this.#restoreQueue.stop()]);
    }
  }

  stop(): void {
    this.#stop.abort();
  }

  #begin(): void {
    this.#synced = true;
    const { leadership } = this.#options;
    const { restores } = this.#parts;
    const wentBack = () => {
      restores.remembered('the leaders\' Lease has gone back');
      this.#restoreQueue.add(restoreKey);
    };
    if (leadership?.noticed === 'wentBack') wentBack();
    if (leadership?.noticed === 'longPast') restores.longAway();
    leadership?.onWentBack?.(wentBack);
    this.#restoreQueue.add(restoreKey);
    for (const name of this.#knownNodes()) this.#standingChanged(name);
    this.#addInOrder(this.#vms.values());
  }

  /**
   * Nodes that run something, or may be asked to. A store that was put back may have forgotten a node, or all that its
   * table had: while its agent is there, it is asked, also where there is no RealtimeNode any more.
   */
  #knownNodes(): ReadonlySet<string> {
    const nodes = [...this.#nodes.values()].map(({ metadata }) => metadata.name);
    const tables = [...this.#allocations.values()].filter(({ spec }) => spec.guests.length > 0 || (spec.kept ?? []).length > 0);
    return new Set([...nodes, ...tables.map(({ metadata }) => metadata.name), ...this.#cluster?.agentsThere() ?? []]);
  }

  #vmChanged(vm: Stored<'RealtimeVM'>, gone: boolean): void {
    const { suspicions, book, living } = this.#parts;
    if (gone) suspicions.vmGone(vm);
    else suspicions.vmSeen(vm);
    const key = objectKey(vm.metadata);
    this.#add(key);
    const nodes = book.vmSeen(vm, gone);
    if (nodes === undefined) return;
    for (const node of new Set([...nodes, ...living.of(key).map((domain) => domain.node)])) {
      this.#addNode(node);
      this.#guards?.look(node);
    }
  }

  #guestsOf(nodeName: string): readonly AllocatedGuest[] {
    return this.#parts.view.tableOf(nodeName)?.spec.guests ?? [];
  }

  /** Guests whose memory is taken, or is to be. */
  #runningOn(nodeName: string): readonly AllocatedGuest[] {
    return this.#guestsOf(nodeName).filter((entry) => !isAnswered(entry, this.#parts.judge.reportOf(nodeName, entry.vm.uid)));
  }

  #add(key: string): void {
    if (this.#synced) this.#queue.add(key);
  }

  #addNode(name: string): void {
    if (this.#synced) this.#nodeQueue.add(name);
  }

  /** VMs to which something is otherwise of what is known of the node. */
  #addConcerned(nodeName: string): void {
    if (!this.#synced) return;
    const concerned = this.#news.of(nodeName, this.#parts.picture(nodeName));
    if (concerned === 'all') this.#addVmsOf(nodeName);
    else for (const key of concerned) this.#queue.add(key);
  }

  #addVmsOf(nodeName: string): void {
    for (const { vm } of this.#guestsOf(nodeName)) this.#add(objectKey(vm));
    for (const key of this.#parts.book.vmsOf(nodeName)) this.#add(key);
    // In a restore, its run may not name it yet.
    for (const { vm } of this.#parts.living.on(nodeName)) if (vm !== undefined) this.#add(vm);
  }

  #addInOrder(vms: Iterable<Stored<'RealtimeVM'>>): void {
    for (const vm of inPlacementOrder(vms)) this.#queue.add(objectKey(vm.metadata));
  }

  /** The cluster says otherwise of a node: where its VMs stand, and who fits there, may have changed. */
  #factsChanged(nodeName: string): void {
    this.#standingChanged(nodeName);
    this.#addConcerned(nodeName);
    this.#guards?.look(nodeName);
  }

  #nodeChanged(node: Stored<'RealtimeNode'>, gone: boolean): void {
    const { name } = node.metadata;
    if (gone) this.#parts.view.nodeGone(name);
    if (!gone && this.#record instanceof NodeRestoreRecord) {
      const record = this.#record;
      this.#restoreSeen(() => record.seen(node));
    }
    this.#standingChanged(name);
  }

  /** Whether guests can be started on a node may be otherwise now, and what is to be done with its table. */
  #standingChanged(name: string): void {
    const node = this.#nodes.get({ name });
    const problem = this.#judgeAnew(name);
    // Until its agent has told what the host is, there is nothing wrong with it.
    if (problem !== undefined && node?.status?.topology !== undefined) {
      this.#options.log.warn('node takes no guests', { node: name, detail: problem });
    }
    if (node !== undefined || this.#parts.view.tableOf(name) !== undefined) this.#addNode(name);
  }

  /** Why it takes no guests, by what is known now: what placement goes by from here. */
  #judgeAnew(name: string): string | undefined {
    const { view, judge, book, restores } = this.#parts;
    book.await(name, !judge.takesGuests(name) && restores.current === undefined);
    const node = this.#nodes.get({ name });
    return node === undefined ? undefined : view.nodeChanged(node, this.#cluster?.factsOf(name), judge.whyClosed(name));
  }

  async #reconcileNode(name: string, signal: AbortSignal): Promise<{ requeueAfterMs?: number }> {
    const { restores, nodeReconciler } = this.#parts;
    if (this.#passedOver.delete(name)) await this.#lookAgain(name, signal);
    // Nothing is written into a store that may have been put back.
    if (restores.isNoticed) return { requeueAfterMs: catchesUpMs };
    const [node, table] = [this.#nodes.get({ name }), this.#parts.view.tableOf(name)];
    // One that nobody speaks of any more needs no table.
    if (node === undefined && (table === undefined || (this.#parts.view.isGone(name) && table.spec.guests.length === 0))) return {};
    await nodeReconciler.reconcile(name, signal);
    this.#standingChangedBy(name);
    const againInMs = await this.#agentAlive.tell(name, signal);
    return againInMs === undefined ? {} : { requeueAfterMs: againInMs };
  }

  /** After a step of its own, the node's queue need not be told again. */
  #standingChangedBy(name: string): void {
    this.#judgeAnew(name);
    this.#addConcerned(name);
    this.#guards?.look(name);
    if (this.#parts.restores.current !== undefined) this.#restoreQueue.add(restoreKey);
  }

  /** A watch that is merely behind has caught up by now, or the store says what is; one that was put back says so too. */
  async #lookAgain(nodeName: string, signal: AbortSignal): Promise<void> {
    const { view } = this.#parts;
    const latest = this.#allocations.get({ name: nodeName });
    if (latest === undefined || view.tableSeen(latest)) return;
    const read = await this.#options.store.get('RealtimeAllocation', { name: nodeName }, signal).catch((error: unknown) => {
      this.#passedOver.add(nodeName);
      throw error;
    });
    if (read === undefined) return;
    view.tableKnown(read);
    this.#allocationChanged(read, false);
  }

  #allocationChanged(allocation: Stored<'RealtimeAllocation'>, gone: boolean): void {
    const { name } = allocation.metadata;
    const { view, living, book } = this.#parts;
    if (gone) view.tableGone(name);
    else if (!view.tableSeen(allocation)) {
      this.#passedOver.add(name);
      this.#nodeQueue.add(name, catchesUpMs);
    }
    const table = gone ? undefined : view.tableOf(name);
    book.sessionSeen(name, table?.status?.session);
    const changed = living.set(name, table === undefined ? [] : statementOf(table)?.domains ?? []);
    for (const vm of changed) this.#add(vm);
    this.#standingChanged(name);
    this.#addConcerned(name);
    this.#guards?.look(name);
    this.#waiting.toldOtherwise();
    if (this.#parts.restores.current !== undefined) this.#restoreQueue.add(restoreKey);
  }

  async #lookForRestore(signal: AbortSignal): Promise<{ requeueAfterMs?: number }> {
    if (!this.#synced) return {};
    const { suspicions, restores } = this.#parts;
    const found = await suspicions.confirm(signal);
    if (found !== undefined) restores.remembered(found);
    await restores.step(signal);
    return {};
  }

  /** What is written of restores was read. */
  #restoreSeen(take: () => void): void {
    const before = JSON.stringify(this.#record.current);
    take();
    if (this.#synced && JSON.stringify(this.#record.current) !== before) this.#restoreChanged();
  }

  /** Whether one is open, or accepted, decides on everything. */
  #restoreChanged(): void {
    for (const name of this.#knownNodes()) this.#standingChanged(name);
    this.#addInOrder(this.#vms.values());
    this.#restoreQueue.add(restoreKey);
  }
}

/** Highest priority first, then the oldest, then by name. */
function inPlacementOrder(vms: Iterable<Stored<'RealtimeVM'>>): readonly Stored<'RealtimeVM'>[] {
  return [...vms].sort((a, b) => (
    b.spec.placementPriority - a.spec.placementPriority
    || Date.parse(a.metadata.creationTimestamp) - Date.parse(b.metadata.creationTimestamp)
    || (objectKey(a.metadata) < objectKey(b.metadata) ? -1 : 1)
  ));
}
