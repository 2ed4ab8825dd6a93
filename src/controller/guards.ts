/** Keeps a guard pod, and where needed a PodDisruptionBudget, on each node that has guests. */
import type { AllocatedGuest } from '../crds/realtime-allocation.ts';
import type { ClusterStore } from '../store/cluster-store.ts';
import { isStoreError } from '../store/errors.ts';
import type { Pod } from '../store/foreign.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { WorkQueue } from '../runtime/work-queue.ts';
import type { ReconcileResult, WorkQueueObserver } from '../runtime/work-queue.ts';
import { nextGuardStep } from '../protocol/guard-table.ts';
import type { GuardSituation } from '../protocol/guard-table.ts';
import { asksOtherwise, guardBudget, guardFinalizer, guardLabel, guardName, guardPod, hasEnded } from './guard.ts';
import type { GuardedTable, GuardOptions } from './guard.ts';

/** What becomes of the guards, for metrics. */
export interface GuardsObserver {
  readonly queue: WorkQueueObserver;
  /** After each change: nodes that have a guard, and how many of those guards were evicted and wait for their guests to end. */
  readonly counted: (guards: number, draining: number) => void;
}

export interface GuardsOptions extends GuardOptions {
  readonly cluster: Pick<ClusterStore, 'watchForeign' | 'getForeign' | 'createForeign' | 'updateForeign' | 'deleteForeign'>;
  /** The node's table; undefined where it has none. */
  readonly tableOf: (nodeName: string) => GuardedTable | undefined;
  /** The guests that run on a node, or are to. */
  readonly guestsOf: (nodeName: string) => readonly AllocatedGuest[];
  /** Whether what the node holds is known: its agent has answered this controller. */
  readonly isKnown: (nodeName: string) => boolean;
  /** A person has said that its machine is off. */
  readonly isFenced: (nodeName: string) => boolean;
  /** Whether draining the node must wait for a person because of this guest. */
  readonly blocks: (guest: AllocatedGuest) => boolean;
  readonly isCordoned: (nodeName: string) => boolean;
  /** The node's guard was evicted, or is there again: its guests are to be looked at. */
  readonly changed: (nodeName: string) => void;
  readonly log: Log;
  readonly clock: Clock;
  readonly observer?: GuardsObserver | undefined;
}

/** A pod is made anew for other amounts when it is this old, so that VMs that come one after the other cost one. */
const debounceMs = 10_000;
/** One that kubelet refuses is made anew when it is this old: there may be room by then. */
const refusedMs = 60_000;
/** Changes of a node come in bursts. */
const lookMs = 500;

export class Guards {
  readonly #options: GuardsOptions;
  readonly #pods = new Map<string, Pod>();
  readonly #queue: WorkQueue;

  constructor(options: GuardsOptions) {
    this.#options = options;
    this.#queue = new WorkQueue((nodeName, signal) => this.#reconcile(nodeName, signal), {
      clock: options.clock,
      ...(options.observer === undefined ? {} : { observer: options.observer.queue }),
      onError: (node, error, retryInMs) => options.log.warn('guard reconcile failed; retrying', { node, retryInMs, error }),
    });
  }

  /** Follows the guards until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { cluster, namespace, changed } = this.#options;
    try {
      for await (const event of cluster.watchForeign('Pod', { namespace, labelSelector: guardLabel }, signal)) {
        if (event.type === 'synced' || event.type === 'problems') continue;
        const { nodeName } = event.object.spec;
        if (nodeName === undefined || event.object.metadata.name !== guardName(nodeName)) continue;
        if (event.type === 'deleted') this.#pods.delete(nodeName);
        else {
          if (hasEnded(event.object) && this.#pods.get(nodeName)?.status?.phase !== event.object.status?.phase) this.#warnOfEnd(nodeName, event.object);
          this.#pods.set(nodeName, event.object);
        }
        this.#count();
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

  #count(): void {
    this.#options.observer?.counted(this.#pods.size, [...this.#pods.keys()].filter((nodeName) => this.drains(nodeName)).length);
  }

  /** The memory of its guests is taken all the same, and kubelet's books do not say so. */
  #warnOfEnd(nodeName: string, { status }: Pod): void {
    this.#options.log.warn('guard pod ended: kubelet does not count what the guests hold; creating it again', {
      node: nodeName, reason: status?.reason, detail: status?.message,
      remedy: 'see that nothing else is on the node, and that it has as many huge pages for pods as its RealtimeNode gives to guests',
    });
  }

  async #reconcile(nodeName: string, signal: AbortSignal): Promise<ReconcileResult> {
    const { cluster, namespace, tableOf, guestsOf, blocks, isCordoned, isKnown, isFenced, clock } = this.#options;
    this.#count();
    const [guests, isOff] = [guestsOf(nodeName), isFenced(nodeName)];
    const key = { namespace, name: guardName(nodeName) };
    await this.#keepBudget(nodeName, !isOff && guests.some(blocks), signal);
    const table = tableOf(nodeName);
    const pod = this.#pods.get(nodeName);
    const wanted = guests.length === 0 || table === undefined ? undefined : guardPod(table, guests, this.#options);
    const { step } = nextGuardStep({
      pod: stateOf(pod), holds: wanted !== undefined, known: isKnown(nodeName), fenced: isOff, cordoned: isCordoned(nodeName),
      asksOtherwise: pod !== undefined && wanted !== undefined && asksOtherwise(pod, wanted),
      restMs: pod === undefined ? 0 : restMs(pod, clock.date().getTime()),
    });
    switch (step.do) {
      case 'none':
        return {};
      case 'wait':
        return { requeueAfterMs: step.forMs };
      case 'create':
        if (wanted !== undefined) await unlessThere(cluster.createForeign('Pod', wanted, signal));
        return {};
      case 'letGo':
        if (pod !== undefined) await this.#letGo(pod, signal);
        return {};
      case 'delete':
        if (pod === undefined) return {};
        await this.#letGo(pod, signal);
        await cluster.deleteForeign('Pod', key, { uid: pod.metadata.uid }, signal).catch(ignoreGone);
        return {};
    }
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

function stateOf(pod: Pod | undefined): GuardSituation['pod'] {
  if (pod === undefined) return 'None';
  if (pod.metadata.deletionTimestamp !== undefined) return 'Ending';
  return hasEnded(pod) ? 'Ended' : 'Stands';
}

/** How long it is left as it is still. Never longer than that, should this clock be behind the API server's. */
function restMs(pod: Pod, nowMs: number): number {
  const longestMs = hasEnded(pod) ? refusedMs : debounceMs;
  return Math.min(longestMs, Math.max(0, Date.parse(pod.metadata.creationTimestamp) + longestMs - nowMs));
}
