/** A queue of keys to reconcile: each key at most once in the queue and at most once at work, with priorities, delays and backoff. */
import { isAbort } from './abort.ts';
import { backoffMs } from './backoff.ts';
import type { Backoff } from './backoff.ts';
import type { Clock, Timer } from './clock.ts';
import { PriorityQueue } from './priority-queue.ts';

/** What a reconcile answers: done, or look again after a while even if nothing happens. */
export interface ReconcileResult {
  readonly requeueAfterMs?: number;
}

/** Makes the world agree for one key. It is level-based: it asks what is, never what happened. */
export type Reconcile = (key: string, signal: AbortSignal) => Promise<ReconcileResult>;

/** Told what the queue does, for controller-runtime's metrics, whose names are given. */
export interface WorkQueueObserver {
  /** `workqueue_adds_total`: a key came in that was not waiting already. */
  readonly added?: () => void;
  /** `workqueue_depth`: keys that wait and are due. */
  readonly depth?: (keys: number) => void;
  /** `workqueue_queue_duration_seconds`: how long the key had waited that is now at work. */
  readonly started?: (waitedMs: number) => void;
  /** `workqueue_work_duration_seconds`, `controller_runtime_reconcile_total` by result. */
  readonly finished?: (workedMs: number, result: 'success' | 'requeue_after' | 'error') => void;
  /** `workqueue_retries_total`. */
  readonly retried?: () => void;
}

export interface WorkQueueOptions {
  /** Reconciles that run at once, of different keys. Default 1. */
  readonly concurrency?: number;
  readonly clock: Clock;
  /** Waits after an error. Default 100 ms to 60 s. */
  readonly backoff?: Backoff;
  /** Called with every error that a reconcile threw, before the key is tried again. */
  readonly onError: (key: string, error: unknown, retryInMs: number) => void;
  readonly observer?: WorkQueueObserver;
}

const defaultBackoff: Backoff = { firstMs: 100, maxMs: 60_000 };

/** A key that is at work, and what was asked of it meanwhile. */
interface Work {
  readonly beganMs: number;
  again: number | undefined;
}

/**
 * Keys go in with {@link add}; the reconcile function gets each one, those of higher priority first, then in order of arrival. A key
 * added while it is at work is reconciled once more afterwards, so no change is missed and none is handled twice at the same time.
 */
export class WorkQueue {
  readonly #reconcile: Reconcile;
  readonly #concurrency: number;
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  readonly #onError: WorkQueueOptions['onError'];
  readonly #observer: WorkQueueObserver;
  readonly #ready = new PriorityQueue();
  /** When each key that is ready became so. */
  readonly #readySinceMs = new Map<string, number>();
  readonly #delayed = new Map<string, { readonly dueMs: number; readonly priority: number; readonly timer: Timer }>();
  readonly #atWork = new Map<string, Work>();
  readonly #failures = new Map<string, number>();
  readonly #stop = new AbortController();
  #idle: (() => void)[] = [];

  constructor(reconcile: Reconcile, options: WorkQueueOptions) {
    this.#reconcile = reconcile;
    this.#concurrency = options.concurrency ?? 1;
    this.#clock = options.clock;
    this.#backoff = options.backoff ?? defaultBackoff;
    this.#onError = options.onError;
    this.#observer = options.observer ?? {};
  }

  /** Asks for `key` to be reconciled, now or after `delayMs`. Of several requests for one key the earliest wins, and the highest priority. */
  add(key: string, delayMs = 0, priority = 0): void {
    if (this.#stop.signal.aborted) return;
    if (delayMs > 0 && !this.#readySinceMs.has(key)) {
      this.#addLater(key, delayMs, priority);
      return;
    }
    const delayed = this.#cancelDelay(key);
    const atWork = this.#atWork.get(key);
    const highest = Math.max(priority, delayed?.priority ?? priority, atWork?.again ?? priority);
    if (atWork === undefined) this.#ready.add(key, highest);
    else atWork.again = highest;
    if (this.#readySinceMs.has(key)) return;
    this.#readySinceMs.set(key, this.#clock.nowMs());
    this.#observer.added?.();
    this.#observer.depth?.(this.#readySinceMs.size);
    this.#run();
  }

  /** For `workqueue_unfinished_work_seconds` and `workqueue_longest_running_processor_seconds`: how long each key has been at work. */
  atWorkMs(): readonly number[] {
    const nowMs = this.#clock.nowMs();
    return [...this.#atWork.values()].map(({ beganMs }) => nowMs - beganMs);
  }

  /** Takes no more keys, tells the reconciles at work to end, and resolves when they have. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#ready.clear();
    this.#readySinceMs.clear();
    for (const key of [...this.#delayed.keys()]) this.#cancelDelay(key);
    this.#observer.depth?.(0);
    if (this.#atWork.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #addLater(key: string, delayMs: number, priority: number): void {
    const dueMs = this.#clock.nowMs() + delayMs;
    const waiting = this.#delayed.get(key);
    const highest = Math.max(priority, waiting?.priority ?? priority);
    if (waiting !== undefined && waiting.dueMs <= dueMs && waiting.priority >= highest) return;
    const earliestMs = Math.min(dueMs, waiting?.dueMs ?? dueMs);
    this.#cancelDelay(key);
    const timer = this.#clock.after(earliestMs - this.#clock.nowMs(), () => this.add(key));
    this.#delayed.set(key, { dueMs: earliestMs, priority: highest, timer });
  }

  #cancelDelay(key: string): { readonly priority: number } | undefined {
    const delayed = this.#delayed.get(key);
    delayed?.timer.cancel();
    this.#delayed.delete(key);
    return delayed;
  }

  #run(): void {
    while (this.#atWork.size < this.#concurrency) {
      const next = this.#ready.take();
      if (next === undefined) return;
      const beganMs = this.#clock.nowMs();
      const waitedMs = beganMs - (this.#readySinceMs.get(next.key) ?? beganMs);
      this.#readySinceMs.delete(next.key);
      this.#atWork.set(next.key, { beganMs, again: undefined });
      this.#observer.depth?.(this.#readySinceMs.size);
      this.#observer.started?.(waitedMs);
      void this.#work(next.key, next.priority, beganMs);
    }
  }

  async #work(key: string, priority: number, beganMs: number): Promise<void> {
    const finished = (result: 'success' | 'requeue_after' | 'error') => this.#observer.finished?.(this.#clock.nowMs() - beganMs, result);
    let comeBackInMs: number | undefined;
    try {
      ({ requeueAfterMs: comeBackInMs } = await this.#reconcile(key, this.#stop.signal));
      this.#failures.delete(key);
      finished(comeBackInMs === undefined ? 'success' : 'requeue_after');
    } catch (error) {
      finished('error');
      if (!(this.#stop.signal.aborted && isAbort(error))) comeBackInMs = this.#retryInMs(key, error);
    }
    const again = this.#atWork.get(key)?.again;
    this.#atWork.delete(key);
    if (again !== undefined && !this.#stop.signal.aborted) this.#ready.add(key, again);
    if (comeBackInMs !== undefined) this.add(key, comeBackInMs, priority);
    this.#run();
    if (this.#atWork.size > 0) return;
    for (const wake of this.#idle) wake();
    this.#idle = [];
  }

  #retryInMs(key: string, error: unknown): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    const retryInMs = backoffMs(failures, this.#backoff);
    this.#onError(key, error, retryInMs);
    this.#observer.retried?.();
    return retryInMs;
  }
}
