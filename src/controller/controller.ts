/**
 * Places RealtimeVMs into RealtimeAllocations and writes every RealtimeVM's status.
 *
 * Invariant I1: what a VM holds is in the spec of one node's RealtimeAllocation, and it got there by a
 * compare-and-swap against the very table that its placement was decided on. Nothing is freed before the node's agent has
 * said that nothing of the guest is left.
 */
import type { AllocatedGuest } from '../crds/realtime-allocation.ts';
import type { Log } from '../runtime/log.ts';
import { objectKey } from '../runtime/object-key.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { ConflictError } from '../store/errors.ts';
import type { StoreProblem } from '../store/problem.ts';
import type { ResourceStore } from '../store/resource-store.ts';
import type { Stored } from '../store/resource.ts';
import { WorkQueue } from '../runtime/work-queue.ts';
import type { WorkQueueObserver } from '../runtime/work-queue.ts';
import { AllocationWriter } from './allocation-writer.ts';
import { ClusterView } from './cluster-view.ts';
import { ClusterWatch } from './cluster-watch.ts';
import type { ClusterWatchOptions } from './cluster-watch.ts';
import { Faults } from './faults.ts';
import type { GuardOptions } from './guard.ts';
import { Guards } from './guards.ts';
import type { GuardsObserver } from './guards.ts';
import { DoubleBookings } from './double-bookings.ts';
import { GuestResolver } from './guest-resolver.ts';
import { Hearing } from './hearing.ts';
import { nobodyCounts } from './invariants-observer.ts';
import type { InvariantsObserver } from './invariants-observer.ts';
import { Mirror } from './mirror.ts';
import { VmPlacer } from './vm-placer.ts';
import { VmReconciler } from './vm-reconciler.ts';
import { VmWriter } from './vm-writer.ts';
import { WaitingVms } from './waiting-vms.ts';
import { isAnswered } from './wish.ts';

export interface ControllerOptions {
  readonly store: ResourceStore;
  readonly runtime: Runtime;
  /** The cluster's own kinds; absent on one host without a cluster. */
  readonly cluster?: Omit<ClusterWatchOptions, 'clock' | 'nodeChanged' | 'namespaceChanged'>;
  /** Guard pods on the nodes that have guests; absent, there are none, and a drain stops nothing. Needs `cluster`. */
  readonly guard?: GuardOptions;
  readonly guardsObserver?: GuardsObserver;
  readonly log: Log;
  readonly queueObserver?: WorkQueueObserver;
  /** Counts what must never be. */
  readonly invariants?: InvariantsObserver;
  /** What a person has to mend in the store's manifests, whenever that changes. */
  readonly problems?: (problems: readonly StoreProblem[]) => void;
}

/** VMs that are worked on at once: what is decided while a node's table is being written is written together. */
const concurrency = 32;

/** A watch is seldom behind a write for longer. */
const catchesUpMs = 5000;

export class Controller {
  readonly #options: ControllerOptions;
  readonly #view: ClusterView;
  readonly #hearing: Hearing;
  readonly #stop = new AbortController();
  readonly #vms: Mirror<'RealtimeVM'>;
  readonly #classes: Mirror<'RealtimeVMClass'>;
  readonly #images: Mirror<'RealtimeImage'>;
  readonly #nodes: Mirror<'RealtimeNode'>;
  readonly #allocations: Mirror<'RealtimeAllocation'>;
  readonly #cluster: ClusterWatch | undefined;
  readonly #guards: Guards | undefined;
  readonly #queue: WorkQueue;
  /** Nodes whose table is to carry the term. */
  readonly #tables: WorkQueue;
  /** Unplaced VMs, and those whose class or image is missing or wrong. */
  readonly #waiting: WaitingVms;
  /** Nodes whose table a watch has told of in an older version than is known, which may be the latest there is. */
  readonly #passedOver = new Set<string>();
  #synced = false;
  #isHearing = false;

  constructor(options: ControllerOptions) {
    this.#options = options;
    const { store, runtime, log } = options;
    const { clock } = runtime;
    this.#waiting = new WaitingVms({
      clock,
      isHeldUp: () => !this.#synced || this.#hearing.wait !== undefined,
      retry: (keys) => this.#addInOrder(keys.flatMap((key) => this.#vms.find(key) ?? [])),
    });
    this.#view = new ClusterView({
      wentBack: () => this.#hearAll(),
      changed: () => this.#waiting.changed(),
      claimed: (name) => doubleBookings.look(name),
    });
    const invariants = options.invariants ?? nobodyCounts;
    const doubleBookings = new DoubleBookings({
      view: this.#view, observer: invariants, log, record: (event) => store.recordEvent(event, this.#stop.signal),
    });
    this.#hearing = new Hearing({
      runtime,
      isAlive: (name) => this.#cluster?.factsOf(name).alive === true,
      ask: (name) => this.#tables.add(name),
      unanswered: (nodes) => log.warn('agents did not report running domains in time; placing VMs without them', { nodes }),
    });
    this.#vms = new Mirror({ store, kind: 'RealtimeVM', changed: (vm) => this.#vmChanged(vm), ...(options.problems === undefined ? {} : { problems: options.problems }) });
    this.#classes = new Mirror({ store, kind: 'RealtimeVMClass', changed: () => this.#waiting.changed() });
    this.#images = new Mirror({ store, kind: 'RealtimeImage', changed: () => this.#waiting.changed() });
    this.#nodes = new Mirror({
      store, kind: 'RealtimeNode',
      changed: (node, gone) => faults.ofNode(node.metadata.name, () => this.#nodeChanged(node, gone)),
    });
    this.#allocations = new Mirror({
      store, kind: 'RealtimeAllocation',
      changed: (allocation, gone) => faults.ofNode(
        allocation.metadata.name, () => this.#allocationChanged(allocation, gone),
      ),
    });
    this.#cluster = options.cluster === undefined ? undefined : new ClusterWatch({
      ...options.cluster, clock,
      nodeChanged: (name) => faults.ofNode(name, () => this.#factsChanged(name)),
      namespaceChanged: () => this.#waiting.changed(),
    });
    const cluster = this.#cluster;
    const view = this.#view;
    const writer = new AllocationWriter(store, view, clock);
    this.#guards = options.cluster === undefined || options.guard === undefined ? undefined : new Guards({
      ...options.guard, cluster: options.cluster.cluster, log, clock, observer: options.guardsObserver,
      tableOf: (name) => view.tableOf(name),
      guestsOf: (name) => (cluster?.factsOf(name).node === undefined ? [] : this.#runningOn(name)),
      blocks: ({ vm }) => this.#vms.get(vm)?.spec.evictionStrategy !== 'Shutdown',
      isCordoned: (name) => cluster?.factsOf(name).node?.spec.unschedulable === true,
      changed: (name) => this.#guestsOf(name).forEach(({ vm }) => this.#add(objectKey(vm))),
    });
    const resolver = new GuestResolver(this.#classes, this.#images);
    // Every namespace carries its name as this label; without a cluster that is all it has.
    const namespaceLabels = (name: string) => cluster?.namespaceLabels(name) ?? { 'kubernetes.io/metadata.name': name };
    const vmWriter = new VmWriter({ store, vms: this.#vms, clock, log });
    const faults = new Faults({ vms: this.#vms, view, vmWriter, observer: invariants, log });
    const reconciler = new VmReconciler({
      view, writer, resolver, hearing: this.#hearing, vms: this.#vms, vmWriter, runtime,
      placer: new VmPlacer({
        view, writer, resolver, namespaceLabels, random: runtime.random,
        bind: (vm, nodeName, signal) => this.#bind(vmWriter, vm, nodeName, signal),
      }),
      factsOf: (nodeName) => cluster?.factsOf(nodeName),
      drains: (nodeName) => this.#guards?.drains(nodeName) === true,
    });
    this.#tables = new WorkQueue(async (nodeName, signal) => {
      if (this.#passedOver.delete(nodeName)) await this.#lookAgain(nodeName, signal);
      const isWanted = cluster !== undefined || view.tableOf(nodeName) === undefined;
      if (isWanted && this.#nodes.get({ name: nodeName }) !== undefined) await writer.writeTerm(nodeName, this.#hearing.term, signal);
      return {};
    }, {
      clock,
      onError: (node, error, retryInMs) => log.warn('RealtimeAllocation not written; retrying', { node, retryInMs, error }),
    });
    this.#queue = new WorkQueue(async (key, signal) => {
      const decidedAt = this.#waiting.changes;
      const { waits, againInMs } = await faults.ofVm(key, signal, () => reconciler.reconcile(key, signal));
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
      if (unsynced > 0) return;
      this.#synced = true;
      for (const { metadata: { name } } of this.#nodes.values()) this.#keepTable(name);
      this.#hearAll();
      this.#addInOrder(this.#vms.values());
    };
    try {
      await Promise.all([...mirrors.map((mirror) => mirror.run(this.#stop.signal, synced)), this.#cluster?.run(this.#stop.signal, synced), this.#guards?.run(this.#stop.signal)]);
    } finally {
      this.#stop.abort();
      this.#waiting.stop();
      await Promise.all([this.#queue.stop(), this.#tables.stop()]);
    }
  }

  stop(): void {
    this.#stop.abort();
  }

  #vmChanged(vm: Stored<'RealtimeVM'>): void {
    this.#add(objectKey(vm.metadata));
    // Whether it may be stopped by a drain may have changed.
    const nodeName = this.#view.find(vm.metadata.uid)?.nodeName;
    if (nodeName !== undefined) this.#guards?.look(nodeName);
  }

  #guestsOf(nodeName: string): readonly AllocatedGuest[] {
    return this.#view.tableOf(nodeName)?.spec.guests ?? [];
  }

  /** Guests whose memory is taken, or is to be. */
  #runningOn(nodeName: string): readonly AllocatedGuest[] {
    const reports = new Map(this.#view.tableOf(nodeName)?.status?.guests.map((report) => [report.uid, report]));
    return this.#guestsOf(nodeName).filter((entry) => !isAnswered(entry, reports.get(entry.vm.uid)));
  }

  /** While it is written, agents may have to be heard anew: then nothing is placed that was decided before. */
  async #bind(vmWriter: VmWriter, vm: Stored<'RealtimeVM'>, nodeName: string | undefined, signal: AbortSignal): Promise<Stored<'RealtimeVM'>> {
    const bound = await vmWriter.bind(vm, nodeName, signal);
    if (this.#hearing.wait !== undefined) throw new ConflictError(`the data went back while RealtimeVM ${objectKey(vm.metadata)} was about to be placed`);
    return bound;
  }

  /** On one host without a cluster, whoever starts the controller has heard the agent before. */
  #hearAll(): void {
    if (!this.#synced || this.#cluster === undefined) return;
    this.#hearing.begin(this.#nodes.values());
    this.#isHearing = true;
  }

  #add(key: string): void {
    if (this.#synced) this.#queue.add(key);
  }

  #addInOrder(vms: Iterable<Stored<'RealtimeVM'>>): void {
    for (const vm of inPlacementOrder(vms)) this.#queue.add(objectKey(vm.metadata));
  }

  /** The cluster says otherwise of a node: where its VMs stand, and who fits there, may have changed. */
  #factsChanged(nodeName: string): void {
    const node = this.#nodes.get({ name: nodeName });
    if (node !== undefined) this.#nodeChanged(node, false);
    for (const { vm } of this.#guestsOf(nodeName)) this.#add(objectKey(vm));
    this.#guards?.look(nodeName);
  }

  #nodeChanged(node: Stored<'RealtimeNode'>, gone: boolean): void {
    if (gone) {
      this.#view.nodeGone(node.metadata.name);
      this.#hearing.nodeGone(node.metadata.name);
    } else {
      this.#hearing.nodeSeen(node);
      const problem = this.#view.nodeChanged(node, this.#cluster?.factsOf(node.metadata.name));
      // Until its agent has told what the host is, there is nothing wrong with it.
      if (problem !== undefined && node.status?.topology !== undefined) {
        this.#options.log.warn('node takes no guests', { node: node.metadata.name, detail: problem });
      }
    }
    if (!gone) this.#keepTable(node.metadata.name);
    const orphans = gone ? [] : node.status?.orphans?.flatMap(({ vm }) => vm ?? []) ?? [];
    for (const vm of orphans) this.#add(objectKey(vm));
    // What they hold may have been given to others.
    if (orphans.length > 0) for (const { vm } of this.#guestsOf(node.metadata.name)) this.#add(objectKey(vm));
    this.#lookWhoIsHeard();
  }

  /** Nobody who waits is let through before the last agent is heard; then all are. */
  #lookWhoIsHeard(): void {
    const wasHearing = this.#isHearing;
    this.#isHearing = this.#hearing.wait !== undefined;
    if (wasHearing && !this.#isHearing) this.#waiting.changed();
  }

  /** A node that had a table has one: only against it can its agent tell what runs there beside it. */
  #keepTable(nodeName: string): void {
    if (this.#synced && this.#view.isUnsettled(nodeName) && this.#view.tableOf(nodeName) === undefined) this.#tables.add(nodeName);
  }

  /** A watch that is merely behind has caught up by now, or the store says what is; one that was put back says so too. */
  async #lookAgain(nodeName: string, signal: AbortSignal): Promise<void> {
    const latest = this.#allocations.get({ name: nodeName });
    if (latest === undefined || this.#view.tableSeen(latest)) return;
    const read = await this.#options.store.get('RealtimeAllocation', { name: nodeName }, signal).catch((error: unknown) => {
      this.#passedOver.add(nodeName);
      throw error;
    });
    if (read === undefined) return;
    this.#view.tableKnown(read);
    this.#allocationChanged(read, false);
  }

  #allocationChanged(allocation: Stored<'RealtimeAllocation'>, gone: boolean): void {
    const { name } = allocation.metadata;
    const unsettled = this.#view.isUnsettled(name);
    if (gone) this.#view.tableGone(name);
    else if (!this.#view.tableSeen(allocation)) {
      this.#passedOver.add(name);
      this.#tables.add(name, catchesUpMs);
    }
    const node = this.#nodes.get({ name });
    if (node !== undefined && this.#view.isUnsettled(name) !== unsettled) this.#view.nodeChanged(node, this.#cluster?.factsOf(name));
    for (const { vm } of allocation.spec.guests) this.#add(objectKey(vm));
    this.#guards?.look(name);
    this.#waiting.toldOtherwise();
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
