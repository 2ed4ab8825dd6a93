/** Keeps a guard pod, and where needed a PodDisruptionBudget, on each node that has guests. */
import type { AllocatedGuest } from '../crds/realtime-allocation.ts';
import type { ClusterStore } from '../store/cluster-store.ts';
import { isStoreError } from '../store/errors.ts';
import type { Pod } from '../store/foreign.ts';
import { WorkQueue } from '../store/work-queue.ts';
import type { ReconcileResult } from '../store/work-queue.ts';
import { asksOtherwise, guardBudget, guardFinalizer, guardLabel, guardName, guardPod } from './guard.ts';
import type { GuardOptions } from './guard.ts';

export interface GuardsOptions extends GuardOptions {
  readonly cluster: ClusterStore;
  /** The guests that run on a node, or are to; none for a node that the cluster does not have. */
  readonly guestsOf: (nodeName: string) => readonly AllocatedGuest[];
  /** Whether draining the node must wait for a person because of this guest. */
  readonly blocks: (guest: AllocatedGuest) => boolean;
  readonly isCordoned: (nodeName: string) => boolean;
  /** The node's guard was evicted, or is there again: its guests are to be looked at. */
  readonly changed: (nodeName: string) => void;
  readonly warn: (message: string, error: unknown) => void;
}

/** A pod is made anew for other amounts this long after a change, so that VMs that come one after the other cost one. */
const debounceMs = 10_000;

/** Changes of a node come in bursts. */
const lookMs = 500;

export class Guards {
  readonly #options: GuardsOptions;
  readonly #pods = new Map<string, Pod>();
  readonly #queue: WorkQueue;

  constructor(options: GuardsOptions) {
    this.#options = options;
    this.#queue = new WorkQueue((nodeName, signal) => this.#reconcile(nodeName, signal), {
      onError: (nodeName, error, retryInMs) => options.warn(`the guard of node ${nodeName} is tried again in ${retryInMs} ms`, error),
    });
  }

  /** Follows the guards until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { cluster, namespace, changed } = this.#options;
    try {
      for await (const event of cluster.watchForeign('Pod', { namespace, labelSelector: guardLabel }, signal)) {
        if (event.type === 'synced' || event.type === 'problems') continue;
        const nodeName = event.object.metadata.labels?.[guardLabel];
        if (nodeName === undefined || event.object.metadata.name !== guardName(nodeName)) continue;
        if (event.type === 'deleted') this.#pods.delete(nodeName);
        else this.#pods.set(nodeName, event.object);
        changed(nodeName);
        this.#queue.add(nodeName);
      }
    } finally {
      await this.#queue.stop();
    }
  }

  /** The node's guests, or the node itself, are otherwise now. */
  look(nodeName: string): void {
    this.#queue.add(nodeName, lookMs);
  }

  /** The guard was evicted from a cordoned node: guests that may be stopped are. */
  drains(nodeName: string): boolean {
    const pod = this.#pods.get(nodeName);
    return pod?.metadata.deletionTimestamp !== undefined && pod.metadata.finalizers?.includes(guardFinalizer) === true && this.#options.isCordoned(nodeName);
  }

  async #reconcile(nodeName: string, signal: AbortSignal): Promise<ReconcileResult> {
    const { cluster, namespace, guestsOf, blocks, isCordoned } = this.#options;
    const guests = guestsOf(nodeName);
    const key = { namespace, name: guardName(nodeName) };
    await this.#keepBudget(nodeName, guests.some(blocks), signal);
    const pod = this.#pods.get(nodeName);
    const wanted = guests.length === 0 ? undefined : guardPod(nodeName, guests, this.#options);
    if (pod === undefined) {
      if (wanted !== undefined && !isCordoned(nodeName)) await unlessThere(cluster.createForeign('Pod', wanted, signal));
      return {};
    }
    if (pod.metadata.deletionTimestamp !== undefined) {
      // A drain waits for the guests; a pod that somebody has deleted is made again.
      if (wanted === undefined || !isCordoned(nodeName)) await this.#letGo(pod, signal);
      return {};
    }
    if (wanted !== undefined && !asksOtherwise(pod, wanted)) return {};
    const ageMs = Date.now() - Date.parse(pod.metadata.creationTimestamp);
    if (wanted !== undefined && ageMs < debounceMs) return { requeueAfterMs: debounceMs - ageMs };
    await this.#letGo(pod, signal);
    await cluster.deleteForeign('Pod', key, { uid: pod.metadata.uid }, signal).catch(ignoreGone);
    return {};
  }

  async #keepBudget(nodeName: string, isWanted: boolean, signal: AbortSignal): Promise<void> {
    const { cluster, namespace } = this.#options;
    const key = { namespace, name: guardName(nodeName) };
    const budget = await cluster.getForeign('PodDisruptionBudget', key, signal);
    if (isWanted && budget === undefined) await unlessThere(cluster.createForeign('PodDisruptionBudget', guardBudget(nodeName, this.#options), signal));
    if (!isWanted && budget !== undefined) await cluster.deleteForeign('PodDisruptionBudget', key, { uid: budget.metadata.uid }, signal).catch(ignoreGone);
  }

  async #letGo(pod: Pod, signal: AbortSignal): Promise<void> {
    const finalizers = pod.metadata.finalizers?.filter((name) => name !== guardFinalizer) ?? [];
    if (finalizers.length === pod.metadata.finalizers?.length) return;
    await this.#options.cluster.updateForeign('Pod', { ...pod, metadata: { ...pod.metadata, finalizers } }, signal).catch(ignoreGone);
  }
}

async function unlessThere(created: Promise<unknown>): Promise<void> {
  await created.catch((error: unknown) => {
    if (!isStoreError(error, 'ALREADY_EXISTS')) throw error;
  });
}

function ignoreGone(error: unknown): void {
  if (!isStoreError(error, 'NOT_FOUND')) throw error;
}
