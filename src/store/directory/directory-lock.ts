/**
 * One writer at a time, across processes, in a state directory. The kernel holds the lock for a process and takes it back when that
 * process dies, however it dies, so no lock is ever stale. Node has no flock(2), but its SQLite takes fcntl(2) locks: an exclusive
 * transaction on an empty database, always rolled back, is the lock, and nothing is ever stored in it.
 */
import { DatabaseSync } from 'node:sqlite';
import { backoffMs } from '../../runtime/backoff.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { StoreError } from '../errors.ts';

/** SQLITE_BUSY: somebody else holds the lock. */
const busy = 5;
/** A writer needs the lock for milliseconds; one that keeps it this long is stopped or hangs on its disk. */
const defaultTimeoutMs = 30_000;
const backoff = { firstMs: 1, maxMs: 16 };

export class DirectoryLock {
  readonly #file: string;
  readonly #runtime: Runtime;
  readonly #timeoutMs: number;
  readonly #database: DatabaseSync;
  /** Settles when all callers of this process so far are done with the lock. */
  #turn: Promise<unknown> = Promise.resolve();

  /** @throws StoreError STORAGE_FAILED when the file cannot be opened. */
  constructor(file: string, runtime: Runtime, timeoutMs: number = defaultTimeoutMs) {
    this.#file = file;
    this.#runtime = runtime;
    this.#timeoutMs = timeoutMs;
    try {
      this.#database = new DatabaseSync(file, { timeout: 0 });
    } catch (error) {
      throw this.#failure(error);
    }
  }

  /**
   * Runs the work while nobody else holds the lock.
   * @throws StoreError LOCKED when another process keeps it for too long; the signal's reason when aborted while waiting. What has
   *   begun is never cut short.
   */
  async hold<Result>(work: () => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    const before = this.#turn;
    const { promise: done, resolve: finish } = Promise.withResolvers<undefined>();
    this.#turn = Promise.all([before, done]);
    try {
      await settled(before, signal);
      await this.#acquire(signal);
      try {
        return await work();
      } finally {
        this.#database.exec('ROLLBACK');
      }
    } finally {
      finish(undefined);
    }
  }

  /** Waits for the work in hand, then gives the file back. */
  async close(): Promise<void> {
    await this.#turn;
    if (this.#database.isOpen) this.#database.close();
  }

  async #acquire(signal: AbortSignal | undefined): Promise<void> {
    const { clock, random } = this.#runtime;
    const deadlineMs = clock.nowMs() + this.#timeoutMs;
    for (let failures = 0; ; failures += 1) {
      signal?.throwIfAborted();
      if (this.#tryAcquire()) return;
      if (clock.nowMs() > deadlineMs) {
        throw new StoreError('LOCKED', `${this.#file} has been locked by another process for ${this.#timeoutMs / 1000} s; \`lslocks\` shows which. It may be stopped (SIGSTOP) or wait for a hanging disk`);
      }
      // The jitter keeps two waiting processes from asking in step for ever.
      await clock.sleep(backoffMs(failures, backoff) * (0.5 + random.fraction()), signal);
    }
  }

  #tryAcquire(): boolean {
    try {
      // With its journal on disk, the transaction would begin by writing a file, which a full disk refuses.
      this.#database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
      return true;
    } catch (error) {
      if (sqliteCode(error) === busy) return false;
      throw this.#failure(error);
    }
  }

  #failure(cause: unknown): StoreError {
    return new StoreError('STORAGE_FAILED', `cannot lock ${this.#file}: ${cause instanceof Error ? cause.message : String(cause)}. It should be an empty file; if it is not, remove it while no rtvm runs`, { cause });
  }
}

/** Waits, unless the signal aborts first. */
async function settled(promise: Promise<unknown>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) {
    await promise;
    return;
  }
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function sqliteCode(error: unknown): unknown {
  return error instanceof Error && 'errcode' in error ? error.errcode : undefined;
}
