/** SHA-256 of image files, each computed once for as long as the file stays as it is. */
import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { open, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { isGone, reasonOf } from '../host/host-root.ts';
import { ImageError, storageError } from './image-error.ts';

/** Large enough that system calls cost nothing, small enough that the event loop turns between two of them. */
const chunkBytes = 1 << 20;

/** How many files are remembered; the oldest are forgotten first. */
const remembered = 1000;

/**
 * Remembers checksums by device, inode, size and the times of the last write and of the last change (which, other than the
 * former, nobody can set), in memory and in one file, so that a restarted agent does not read every image again.
 */
export class ChecksumCache {
  readonly #file: string;
  #known: Map<string, string> | undefined;
  /** One file at a time: reading several at once is no faster, and disturbs the host more. */
  #last: Promise<unknown> = Promise.resolve();

  /** @param file - where to keep them; its directory exists. A damaged file is begun anew: it only saves time. */
  constructor(file: string) {
    this.#file = file;
  }

  /** The SHA-256 of a file in lower-case hex. @throws ImageError `IMAGE_UNREADABLE`, `IMAGE_CHANGED`. */
  async sha256(path: string, signal?: AbortSignal): Promise<string> {
    const result = this.#last.then(() => this.#sha256(path, signal));
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** @param wanted - hex, in either case. @throws ImageError `CHECKSUM_MISMATCH` with both; and as {@link sha256}. */
  async verify(path: string, wanted: string, signal?: AbortSignal): Promise<void> {
    const found = await this.sha256(path, signal);
    if (found !== wanted.toLowerCase()) throw checksumMismatch(path, wanted, found);
  }

  async #sha256(path: string, signal: AbortSignal | undefined): Promise<string> {
    const known = (this.#known ??= await this.#load());
    const key = keyOf(await stat(path, { bigint: true }));
    const found = known.get(key);
    if (found !== undefined) return found;
    const { before, after, sha256 } = await hashFile(path, signal);
    if (before !== after) throw new ImageError('IMAGE_CHANGED', `${path} was written to while its checksum was computed; wait until it is complete`);
    known.set(after, sha256);
    for (const oldest of known.keys()) {
      if (known.size <= remembered) break;
      known.delete(oldest);
    }
    await this.#save(known);
    return sha256;
  }

  async #load(): Promise<Map<string, string>> {
    const text = await readFile(this.#file, 'utf8').catch((error: unknown) => {
      if (isGone(error)) return '';
      throw new ImageError('STORAGE_FAILED', `${this.#file} cannot be read: ${reasonOf(error)}`, { cause: error });
    });
    return new Map(text.split('\n').flatMap((line): [string, string][] => {
      const match = /^([0-9a-f]{64}) (\d+:\d+:\d+:\d+:\d+)$/.exec(line);
      return match === null ? [] : [[match[2]!, match[1]!]];
    }));
  }

  async #save(known: ReadonlyMap<string, string>): Promise<void> {
    const partial = `${this.#file}.partial`;
    try {
      await writeFile(partial, [...known].map(([key, sha256]) => `${sha256} ${key}\n`).join(''), { mode: 0o600 });
      await rename(partial, this.#file);
    } catch (error) {
      throw storageError(`writing ${this.#file}`, error);
    }
  }
}

export function checksumMismatch(what: string, wanted: string, found: string): ImageError {
  return new ImageError('CHECKSUM_MISMATCH', `${what} has the SHA-256 ${found}, but the RealtimeImage says ${wanted}: it is not the file that was meant, or was damaged; put the right file there, or correct sha256`);
}

async function hashFile(path: string, signal: AbortSignal | undefined): Promise<{ before: string; after: string; sha256: string }> {
  await using file = await open(path, 'r').catch((error: unknown) => {
    throw new ImageError('IMAGE_UNREADABLE', `${path} cannot be read: ${reasonOf(error)}`, { cause: error });
  });
  const before = keyOf(await file.stat({ bigint: true }));
  const hash = createHash('sha256');
  const chunk = Buffer.allocUnsafe(chunkBytes);
  for (;;) {
    signal?.throwIfAborted();
    const { bytesRead } = await file.read(chunk, 0, chunkBytes);
    if (bytesRead === 0) break;
    hash.update(chunk.subarray(0, bytesRead));
  }
  return { before, after: keyOf(await file.stat({ bigint: true })), sha256: hash.digest('hex') };
}

function keyOf(file: BigIntStats): string {
  return [file.dev, file.ino, file.size, file.mtimeNs, file.ctimeNs].join(':');
}
