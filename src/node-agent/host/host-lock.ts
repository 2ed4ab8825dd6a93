/**
 * One rtvm process a host: `rtvm run` and the agent never work on the same domains at once.
 *
 * The lock is the kernel's own on a file, which ends with its holder, however that dies: there is no stale lock to judge,
 * and no moment in which two could think that it is stale. Node offers no fcntl(2) lock itself; SQLite, which comes with
 * Node, takes exactly one for an exclusive transaction. The file stays empty. Who holds it is in /proc/locks.
 */
import { mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { HostError } from './host-error.ts';
import { lockHolders } from './file-locks.ts';
import { readText, reasonOf } from './host-root.ts';
import type { HostRoot } from './host-root.ts';

export const defaultHostLockPath = '/run/rtvm/agent.lock';

/** SQLITE_BUSY: somebody else has the lock. */
const sqliteBusy = 5;

/** Kept from the garbage collector, which would close a database, and so give back a lock, that its taker has no variable for. */
const held = new Set<DatabaseSync>();

/** The held lock; disposing it, or the end of the process, gives it back. */
export interface HostLock extends Disposable {
  readonly path: string;
}

/**
 * Takes the host's lock, at once or not at all.
 * @throws HostError `LOCK_HELD` naming the holder's pid and command line; `LOCK_FAILED` where the file cannot be made.
 */
export function takeHostLock(root: HostRoot, path: string = defaultHostLockPath): HostLock {
  let database: DatabaseSync | undefined;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    database = new DatabaseSync(path, { timeout: 0 });
    database.exec('BEGIN EXCLUSIVE');
    return new HeldLock(path, database);
  } catch (error) {
    database?.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === sqliteBusy) throw heldError(root, path, error);
    throw new HostError('LOCK_FAILED', `the host lock ${path} cannot be taken: ${reasonOf(error)}; it needs a directory that this user may write to, on a file system with locks`, { cause: error });
  }
}

class HeldLock implements HostLock {
  readonly path: string;
  readonly #database: DatabaseSync;

  constructor(path: string, database: DatabaseSync) {
    this.path = path;
    this.#database = database;
    held.add(database);
  }

  [Symbol.dispose](): void {
    if (held.delete(this.#database)) this.#database.close();
  }
}

function heldError(root: HostRoot, path: string, cause: Error): HostError {
  const pid = lockHolders(root, statSync(path, { bigint: true }))[0];
  const command = pid === undefined ? undefined : readText(join(root.proc, String(pid), 'cmdline'))?.replaceAll('\0', ' ');
  const holder = pid === undefined ? 'a process that cannot be seen from here' : `process ${pid} (${command ?? 'gone by now'})`;
  return new HostError('LOCK_HELD', `${holder} works on this host already and holds ${path}: only one of "rtvm run" and "rtvm agent" runs on a host at a time; stop that one first`, { cause });
}
