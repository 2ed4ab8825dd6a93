/**
 * Places RealtimeVMs into RealtimeAllocations and writes every RealtimeVM's status.
 *
 * Invariant (rules §6.1): what a VM holds is in the spec of one node's RealtimeAllocation, and it got there by a
 * compare-and-swap against the very table that its placement was decided on. Nothing is freed before the node's agent has
 * said that nothing of the guest is left.
 */
import type { StoreProblem } from '../store/problem.ts';
import type { ResourceStore } from '../store/resource-store.ts';
import type { Stored } from '../store/resource.ts';
import { WorkQueue } from '../store/work-queue.ts';
import { AllocationWriter } from './allocation-writer.ts';
import { ClusterView } from './cluster-view.ts';
import { keyOf, Mirror } from './mirror.ts';
import { VmReconciler } from './vm-reconciler.ts';

export interface ControllerOptions {
  readonly store: ResourceStore;
  readonly now: () => Date;
  /** For what a person should see: a node whose spec is wrong, a write that failed and is tried again. */
  readonly warn: (message: string, error?: unknown) => void;
  /** What a person has to mend in the store's manifests, whenever that changes. */
  readonly problems?: (problems: readonly StoreProblem[]) => void;
}

/** VMs that are worked on at once: what is decided while a node's table is being written is written together. */
const concurrency = 32;

export class Controller {
  readonly #options: ControllerOptions;
  readonly #view = new ClusterView(() => performance.now());
  readonly #stop = new AbortController();
  readonly #vms: Mirror<'RealtimeVM'>;
  readonly #classes: Mirror<'RealtimeVMClass'>;
  readonly #images: Mirror<'RealtimeImage'>;
  readonly #nodes: Mirror<'RealtimeNode'>;
  readonly #allocations: Mirror<'RealtimeAllocation'>;
  readonly #queue: WorkQueue;
  /** VMs that wait for something to change: unplaced ones, and those whose class or image is missing or wrong. */
  readonly #waiting = new Set<string>();
  #synced = false;

  constructor(options: ControllerOptions) {
    this.#options = options;
    const { store, warn } = options;
    this.#vms = new Mirror({ store, kind: 'RealtimeVM', changed: (vm) => this.#add(keyOf(vm.metadata)), ...(options.problems === undefined ? {} : { problems: options.problems }) });
    this.#classes = new Mirror({ store, kind: 'RealtimeVMClass', changed: () => this.#retryWaiting() });
    this.#images = new Mirror({ store, kind: 'RealtimeImage', changed: () => this.#retryWaiting() });
    this.#nodes = new Mirror({ store, kind: 'RealtimeNode', changed: (node, gone) => this.#nodeChanged(node, gone) });
    this.#allocations = new Mirror({ store, kind: 'RealtimeAllocation', changed: (allocation, gone) => this.#allocationChanged(allocation, gone) });
    const reconciler = new VmReconciler({ store, view: this.#view, writer: new AllocationWriter(store, this.#view), vms: this.#vms, classes: this.#classes, images: this.#images, now: options.now });
    this.#queue = new WorkQueue(async (key, signal) => {
      const { waits } = await reconciler.reconcile(key, signal);
      if (waits) this.#waiting.add(key);
      else this.#waiting.delete(key);
      return {};
    }, { concurrency, onError: (key, error, retryInMs) => warn(`RealtimeVM ${key} is tried again in ${retryInMs} ms`, error) });
  }

  /** Runs until {@link stop}; rejects when the store cannot be watched any more. */
  async run(): Promise<void> {
    const mirrors = [this.#nodes, this.#allocations, this.#classes, this.#images, this.#vms] as const;
    let unsynced: number = mirrors.length;
    // What is held already is known before anything new is placed.
    const synced = () => {
      unsynced -= 1;
      if (unsynced > 0) return;
      this.#synced = true;
      for (const vm of this.#vms.values()) this.#queue.add(keyOf(vm.metadata));
    };
    try {
      await Promise.all(mirrors.map((mirror) => mirror.run(this.#stop.signal, synced)));
    } finally {
      this.#stop.abort();
      await this.#queue.stop();
    }
  }

  stop(): void {
    this.#stop.abort();
  }

  #add(key: string): void {
    if (this.#synced) this.#queue.add(key);
  }

  #retryWaiting(): void {
    for (const key of this.#waiting) this.#add(key);
  }

  #nodeChanged(node: Stored<'RealtimeNode'>, gone: boolean): void {
    if (gone) this.#view.nodeGone(node.metadata.name);
    else {
      const problem = this.#view.nodeChanged(node);
      // Until its agent has told what the host is, there is nothing wrong with it.
      if (problem !== undefined && node.status?.topology !== undefined) this.#options.warn(`RealtimeNode ${node.metadata.name} takes no guests: ${problem}`);
    }
    for (const { vm } of gone ? [] : node.status?.orphans ?? []) if (vm !== undefined) this.#add(keyOf(vm));
    this.#retryWaiting();
  }

  #allocationChanged(allocation: Stored<'RealtimeAllocation'>, gone: boolean): void {
    if (gone) return;
    this.#view.tableSeen(allocation);
    for (const { vm } of allocation.spec.guests) this.#add(keyOf(vm));
    this.#retryWaiting();
  }
}
