/** A queue of keys to reconcile: each key at most once in the queue and at most once at work, with delays and backoff. */
import { isAbort } from './abort.ts';

/** What a reconcile answers: done, or look again after a while even if nothing happens. */
export interface ReconcileResult {
  readonly requeueAfterMs?: number;
}

/** Makes the world agree for one key. It is level-based: it asks what is, never what happened. */
export type Reconcile = (key: string, signal: AbortSignal) => Promise<ReconcileResult>;

export interface WorkQueueOptions {
  /** Reconciles that run at once, of different keys. Default 1. */
  readonly concurrency?: number;
  /** First and longest wait after an error; it doubles in between. Default 100 ms to 60 s. */
  readonly backoffMs?: readonly [first: number, longest: number];
  /** Called with every error that a reconcile threw, before the key is tried again. */
  readonly onError: (key: string, error: unknown, retryInMs: number) => void;
}

/**
 * Keys go in with {@link add}; the reconcile function gets each one. A key added while it is at work is reconciled once
 * more afterwards, so no change is missed and none is handled twice at the same time.
 */
export class WorkQueue {
  readonly #reconcile: Reconcile;
  readonly #concurrency: number;
  readonly #backoffMs: readonly [number, number];
  readonly #onError: WorkQueueOptions['onError'];
  readonly #ready = new Set<string>();
  readonly #delayed = new Map<string, { readonly dueMs: number; readonly timer: NodeJS.Timeout }>();
  readonly #atWork = new Set<string>();
  readonly #failures = new Map<string, number>();
  readonly #stop = new AbortController();
  #idle: (() => void)[] = [];

  constructor(reconcile: Reconcile, options: WorkQueueOptions) {
    this.#reconcile = reconcile;
    this.#concurrency = options.concurrency ?? 1;
    this.#backoffMs = options.backoffMs ?? [100, 60_000];
    this.#onError = options.onError;
  }

  /** Asks for `key` to be reconciled, now or after `delayMs`. Of several requests for one key the earliest wins. */
  add(key: string, delayMs = 0): void {
    if (this.#stop.signal.aborted || this.#ready.has(key)) return;
    if (delayMs > 0) {
      this.#addLater(key, delayMs);
      return;
    }
    this.#cancelDelay(key);
    this.#ready.add(key);
    this.#run();
  }

  /** Takes no more keys, tells the reconciles at work to end, and resolves when they have. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#ready.clear();
    for (const key of [...this.#delayed.keys()]) this.#cancelDelay(key);
    if (this.#atWork.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #addLater(key: string, delayMs: number): void {
    const dueMs = performance.now() + delayMs;
    const waiting = this.#delayed.get(key);
    if (waiting !== undefined && waiting.dueMs <= dueMs) return;
    this.#cancelDelay(key);
    const timer = setTimeout(() => {
      this.#delayed.delete(key);
      this.add(key);
    }, delayMs);
    this.#delayed.set(key, { dueMs, timer });
  }

  #cancelDelay(key: string): void {
    clearTimeout(this.#delayed.get(key)?.timer);
    this.#delayed.delete(key);
  }

  #run(): void {
    for (const key of this.#ready) {
      if (this.#atWork.size >= this.#concurrency) return;
      if (this.#atWork.has(key)) continue;
      this.#ready.delete(key);
      this.#atWork.add(key);
      void this.#work(key);
    }
  }

  async #work(key: string): Promise<void> {
    try {
      const { requeueAfterMs } = await this.#reconcile(key, this.#stop.signal);
      this.#failures.delete(key);
      if (requeueAfterMs !== undefined) this.add(key, requeueAfterMs);
    } catch (error) {
      if (!(this.#stop.signal.aborted && isAbort(error))) this.#retry(key, error);
    } finally {
      this.#atWork.delete(key);
      this.#run();
      if (this.#atWork.size === 0) {
        for (const wake of this.#idle) wake();
        this.#idle = [];
      }
    }
  }

  #retry(key: string, error: unknown): void {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    const [first, longest] = this.#backoffMs;
    const retryInMs = Math.min(longest, first * 2 ** Math.min(failures, 30));
    this.#onError(key, error, retryInMs);
    this.add(key, retryInMs);
  }
}
