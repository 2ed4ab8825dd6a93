/** Images fetched from URLs, kept by checksum within a size limit. */
import { mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Runtime } from '../../runtime/runtime.ts';
import { errorCode } from '../host/host-root.ts';
import { checksumMismatch } from './checksum.ts';
import { download } from './download.ts';
import { ImageError, storageError } from './image-error.ts';
import { requirePrefixes } from './url-allow-list.ts';

export interface ImageCacheOptions {
  readonly directory: string;
  /** URL prefixes that this host may fetch from. */
  readonly allowed: readonly string[];
  readonly maxCacheBytes: number;
  readonly maxImageBytes: number;
  readonly stallTimeoutMs: number;
  readonly runtime: Runtime;
  /** The SHA-256 of all images that guests of this host are made from: those are never removed. */
  readonly inUse: () => ReadonlySet<string>;
}

interface CachedImage {
  readonly sha256: string;
  readonly path: string;
  readonly bytes: number;
  readonly usedMs: number;
}

/**
 * Files `sha256-<hex>` in one directory. A file gets that name only once it is complete, checked and on the disk, so a name
 * is proof; when it was last used is its modification time. Of one directory there is one cache, by the host lock.
 */
export class ImageCache {
  readonly #options: ImageCacheOptions;
  readonly #underWay = new Map<string, Promise<string>>();
  #ready: Promise<void> | undefined;

  /** @throws ImageError `URL_NOT_ALLOWED` for a prefix that is no URL. */
  constructor(options: ImageCacheOptions) {
    requirePrefixes(options.allowed);
    this.#options = options;
  }

  /**
   * The path of the image with this checksum, fetched unless it is here. Of several callers at once one fetches; its signal ends
   * the fetch for all.
   * @throws ImageError as `download`, `CHECKSUM_MISMATCH`, `CACHE_FULL`, `DISK_FULL`.
   */
  async ensure(url: string, sha256: string, signal?: AbortSignal): Promise<string> {
    const key = sha256.toLowerCase();
    let fetching = this.#underWay.get(key);
    if (fetching === undefined) {
      fetching = this.#ensure(url, key, signal).finally(() => this.#underWay.delete(key));
      this.#underWay.set(key, fetching);
    }
    return fetching;
  }

  async #ensure(url: string, sha256: string, signal: AbortSignal | undefined): Promise<string> {
    this.#ready ??= this.#prepareDirectory();
    await this.#ready.catch((error: unknown) => {
      this.#ready = undefined;
      throw error;
    });
    const path = join(this.#options.directory, `sha256-${sha256}`);
    if (!(await touch(path, this.#options.runtime.clock.date()))) await this.#fetch(url, sha256, path, signal);
    return path;
  }

  async #fetch(url: string, sha256: string, path: string, signal: AbortSignal | undefined): Promise<void> {
    const partial = join(this.#options.directory, `partial-${this.#options.runtime.random.uuid()}`);
    try {
      await using file = await open(partial, 'wx', 0o644).catch((error: unknown) => { throw storageError(`making ${partial}`, error); });
      const { allowed, maxImageBytes, stallTimeoutMs, runtime: { clock } } = this.#options;
      const got = await download(url, file, {
        allowed, maxBytes: maxImageBytes, stallTimeoutMs, clock, signal, onSize: (bytes) => this.#makeRoom(bytes),
      });
      if (got.sha256 !== sha256) throw checksumMismatch(url, sha256, got.sha256);
      await this.#makeRoom(got.bytes);
      await file.sync().catch((error: unknown) => { throw storageError(`writing ${partial}`, error); });
      await rename(partial, path);
    } finally {
      await rm(partial, { force: true });
    }
  }

  /** Removes what was used longest ago and is not in use, until so many bytes more fit. */
  async #makeRoom(bytes: number): Promise<void> {
    const images = await this.#list();
    const inUse = this.#options.inUse();
    const unused = images.filter(({ sha256 }) => !inUse.has(sha256) && !this.#underWay.has(sha256)).sort((a, b) => a.usedMs - b.usedMs);
    let total = images.reduce((sum, image) => sum + image.bytes, bytes);
    for (const image of unused) {
      if (total <= this.#options.maxCacheBytes) return;
      await rm(image.path, { force: true });
      total -= image.bytes;
    }
    if (total > this.#options.maxCacheBytes) {
      throw new ImageError('CACHE_FULL', `an image of ${bytes} bytes does not fit the image cache ${this.#options.directory}: images in use take ${total - bytes} of its ${this.#options.maxCacheBytes} bytes; give the cache more room, or remove VMs`);
    }
  }

  async #list(): Promise<CachedImage[]> {
    const images: CachedImage[] = [];
    for (const name of await readdir(this.#options.directory)) {
      const sha256 = /^sha256-([0-9a-f]{64})$/.exec(name)?.[1];
      if (sha256 === undefined) continue;
      const path = join(this.#options.directory, name);
      const { size, mtimeMs } = await stat(path);
      images.push({ sha256, path, bytes: size, usedMs: mtimeMs });
    }
    return images;
  }

  /** Also removes what a killed process left half fetched. */
  async #prepareDirectory(): Promise<void> {
    const { directory } = this.#options;
    await mkdir(directory, { recursive: true, mode: 0o755 }).catch((error: unknown) => { throw storageError(`making ${directory}`, error); });
    for (const name of await readdir(directory)) {
      if (name.startsWith('partial-')) await rm(join(directory, name), { force: true });
    }
  }
}

/** Marks a file as used now; false where there is none. */
async function touch(path: string, now: Date): Promise<boolean> {
  try {
    await utimes(path, now, now);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw storageError(`using ${path}`, error);
  }
}
