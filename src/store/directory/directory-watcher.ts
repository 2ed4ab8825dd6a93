/** Tells that something in some directories has changed, by inotify: soon, at least once after the last change, never what. */
import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Clock, Timer } from '../../runtime/clock.ts';
import { StoreError } from '../errors.ts';
import { errno } from './atomic-file.ts';

/** Long enough for an editor's several steps of saving a file to count as one change. */
const quietMs = 25;
/** Under changes without pause, the longest wait. */
const longestWaitMs = 250;

interface Watched {
  readonly watcher: FSWatcher;
  /** Tells a directory from another that has taken its place. */
  readonly inode: bigint;
}

export class DirectoryWatcher {
  readonly #directories: readonly string[];
  readonly #clock: Clock;
  readonly #onChange: () => void;
  readonly #watched = new Map<string, Watched>();
  #timer: Timer | undefined;
  #firstChangeAtMs: number | undefined;
  #closed = false;

  constructor(directories: readonly string[], clock: Clock, onChange: () => void) {
    this.#clock = clock;
    this.#directories = directories;
    this.#onChange = onChange;
  }

  /**
   * Watches every directory that is there; called again, also those that have been made anew.
   * @throws StoreError WATCH_FAILED when the kernel has no watches left.
   */
  async arm(): Promise<void> {
    for (const directory of this.#directories) {
      const inode = await inodeOf(directory);
      const watched = this.#watched.get(directory);
      if (this.#closed || watched?.inode === inode) continue;
      watched?.watcher.close();
      this.#watched.delete(directory);
      if (inode !== undefined) this.#watch(directory, inode);
    }
  }

  /** Says that something has changed, as inotify would. */
  nudge(): void {
    if (this.#closed) return;
    const nowMs = this.#clock.nowMs();
    this.#firstChangeAtMs ??= nowMs;
    this.#timer?.cancel();
    const waitMs = Math.max(0, Math.min(quietMs, this.#firstChangeAtMs + longestWaitMs - nowMs));
    this.#timer = this.#clock.after(waitMs, () => {
      this.#firstChangeAtMs = undefined;
      this.#onChange();
    });
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    for (const { watcher } of this.#watched.values()) watcher.close();
    this.#watched.clear();
  }

  #watch(directory: string, inode: bigint): void {
    try {
      const watcher = watch(directory, () => this.nudge());
      // A directory that goes away while it is watched; the next arm() sees it.
      watcher.on('error', () => this.nudge());
      this.#watched.set(directory, { watcher, inode });
    } catch (error) {
      if (errno(error) === 'ENOENT') return;
      throw watchError(directory, error);
    }
  }
}

async function inodeOf(directory: string): Promise<bigint | undefined> {
  try {
    return (await stat(directory, { bigint: true })).ino;
  } catch (error) {
    if (errno(error) === 'ENOENT') return undefined;
    throw watchError(directory, error);
  }
}

function watchError(directory: string, cause: unknown): StoreError {
  const limit = (name: string, what: string) =>
    new StoreError('WATCH_FAILED', `cannot watch ${directory}: this machine has no inotify ${what} left. Raise the limit, e.g. \`sysctl -w fs.inotify.${name}=1048576\`, or end the programs that hold them`, { cause });
  switch (errno(cause)) {
    case 'ENOSPC':
      return limit('max_user_watches', 'watches');
    case 'EMFILE':
      return limit('max_user_instances', 'instances');
    default:
      return new StoreError('WATCH_FAILED', `cannot watch ${directory}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
