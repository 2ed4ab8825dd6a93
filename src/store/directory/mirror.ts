/** Keeps the watches of one store up to date with its directory, from the first watch to the last. */
import { backoffMs } from '../../runtime/backoff.ts';
import type { Clock, Timer } from '../../runtime/clock.ts';
import { StoreError } from '../errors.ts';
import { storeProblem } from '../problem.ts';
import type { StoreProblem } from '../problem.ts';
import type { AnyStored } from '../resource.ts';
import { DirectoryWatcher } from './directory-watcher.ts';
import type { Subscription, World } from '../subscription.ts';

/** What looking at the directory found. */
export interface Look {
  readonly objects: ReadonlyMap<string, AnyStored>;
  readonly problems: readonly StoreProblem[];
  /** Stems of objects that are there but cannot be read: for a watch they are as they were. */
  readonly unreadable: ReadonlySet<string>;
}

/** After a look that failed (a full disk, say), since no change of a file may tell when it would succeed. */
const retryBackoff = { firstMs: 1000, maxMs: 30_000 };

export class Mirror {
  readonly #root: string;
  readonly #directories: readonly string[];
  readonly #clock: Clock;
  readonly #look: () => Promise<Look>;
  readonly #subscriptions = new Set<Subscription<AnyStored>>();
  #watcher: DirectoryWatcher | undefined;
  /** As last read; undefined until the first look that succeeds. */
  #objects: ReadonlyMap<string, AnyStored> | undefined;
  #looking: Promise<void> | undefined;
  #lookAgain = false;
  #retry: Timer | undefined;
  /** Looks that failed in a row. */
  #failures = 0;

  constructor(root: string, directories: readonly string[], clock: Clock, look: () => Promise<Look>) {
    this.#clock = clock;
    this.#root = root;
    this.#directories = directories;
    this.#look = look;
  }

  /**
   * Adds a watch; the first one starts inotify.
   * @throws StoreError WATCH_FAILED when the kernel has no watches left.
   */
  async add(subscription: Subscription<AnyStored>): Promise<void> {
    this.#subscriptions.add(subscription);
    this.#watcher ??= new DirectoryWatcher(this.#directories, this.#clock, () => this.#refresh());
    // Watching starts before looking, so that nothing falls between.
    await this.#watcher.arm();
    this.#refresh();
  }

  remove(subscription: Subscription<AnyStored>): void {
    this.#subscriptions.delete(subscription);
    if (this.#subscriptions.size === 0) this.#stop();
  }

  async close(): Promise<void> {
    for (const subscription of this.#subscriptions) subscription.end();
    this.#subscriptions.clear();
    this.#stop();
    await this.#looking;
  }

  #stop(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    this.#retry?.cancel();
    this.#failures = 0;
    this.#objects = undefined;
  }

  /** Looks once more; asked for while looking, once more after that. */
  #refresh(): void {
    if (this.#looking !== undefined) {
      this.#lookAgain = true;
      return;
    }
    this.#lookAgain = false;
    this.#looking = this.#lookOnce().finally(() => {
      this.#looking = undefined;
      if (this.#lookAgain && this.#watcher !== undefined) this.#refresh();
    });
  }

  async #lookOnce(): Promise<void> {
    // Who comes while it lasts is not shown it: what they wrote or knew before may be newer than what it has read already.
    const audience = [...this.#subscriptions];
    try {
      await this.#watcher?.arm();
      const look = await this.#look();
      this.#keep(look);
      this.#show({ objects: this.#objects, problems: look.problems }, audience);
      this.#retry?.cancel();
      this.#failures = 0;
    } catch (error) {
      this.#failed(error, audience);
    }
  }

  /** Takes over what was found; an object that is there but cannot be read stays as it was. */
  #keep({ objects, unreadable }: Look): void {
    const kept = new Map(objects);
    for (const stem of unreadable) {
      const before = this.#objects?.get(stem);
      if (before !== undefined) kept.set(stem, before);
    }
    this.#objects = kept;
  }

  /** A directory that cannot be read has told nothing about its objects, so they stay; the problem is shown, and looking goes on. */
  #failed(error: unknown, audience: readonly Subscription<AnyStored>[]): void {
    if (!(error instanceof StoreError)) {
      for (const subscription of this.#subscriptions) subscription.fail(error);
      return;
    }
    this.#show({ objects: this.#objects, problems: [storeProblem('STORE_FAILED', { file: this.#root }, error.message)] }, audience);
    if (this.#watcher === undefined) return;
    this.#retry?.cancel();
    this.#retry = this.#clock.after(backoffMs(this.#failures, retryBackoff), () => this.#refresh());
    this.#failures += 1;
  }

  #show(world: World<AnyStored>, audience: readonly Subscription<AnyStored>[]): void {
    for (const subscription of audience) if (this.#subscriptions.has(subscription)) subscription.show(world);
  }
}
