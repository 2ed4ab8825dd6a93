/** Everything that a domain reads and writes on this host: found, checked and made before it starts, removed after it ended. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DiskFile, DomainFiles } from '../realtime/domain/domain-input.ts';
import { domainName } from '../realtime/domain/domain-name.ts';
import type { Guest, GuestDisk, GuestImage } from '../realtime/guest.ts';
import type { VmIdentity } from '../realtime/ids.ts';
import type { HostRoot } from './host/host-root.ts';
import { ChecksumCache } from './images/checksum.ts';
import { DiskStore } from './images/disk-store.ts';
import type { DiskContent, PreparedDisk } from './images/disk-store.ts';
import { ImageCache } from './images/image-cache.ts';
import { checkImage } from './images/image-format.ts';
import { resolveImagePath } from './images/image-path.ts';
import { makeSeed } from './images/seed.ts';

export interface GuestFilesOptions {
  readonly root: HostRoot;
  /** Where the agent keeps what it makes: disks, fetched images, serial logs. */
  readonly stateDirectory: string;
  /** Where the paths begin that people write. */
  readonly imageRoot: string;
  /** URL prefixes that images may be fetched from; none by default. */
  readonly allowedUrls: readonly string[];
  /** The checksums of images that guests of this host need. */
  readonly imagesInUse: () => ReadonlySet<string>;
}

const gib = 2 ** 30;
/** Room for a handful of operating systems; the oldest unused are removed first. */
const maxCacheBytes = 100 * gib;
const maxImageBytes = 50 * gib;
const stallTimeoutMs = 60_000;

export class GuestFiles {
  readonly #options: GuestFilesOptions;
  readonly #disks: DiskStore;
  readonly #checksums: ChecksumCache;
  readonly #cache: ImageCache;

  constructor(options: GuestFilesOptions) {
    const { root, stateDirectory, allowedUrls, imagesInUse } = options;
    this.#options = options;
    this.#disks = new DiskStore(root, join(stateDirectory, 'disks'));
    this.#checksums = new ChecksumCache(join(stateDirectory, 'checksums'));
    this.#cache = new ImageCache({ directory: join(stateDirectory, 'images', 'fetched'), allowed: allowedUrls, maxCacheBytes, maxImageBytes, stallTimeoutMs, inUse: imagesInUse });
  }

  /**
   * Makes a guest's files ready for a start.
   * @throws ImageError saying which image or disk, and what to do; then no NodeLocal disk of this call is left.
   */
  async prepare(vm: VmIdentity, guest: Guest, signal: AbortSignal): Promise<DomainFiles> {
    const { boot } = guest;
    const rom = boot.kind === 'rom' ? (await this.#image(boot.image, signal)).path : undefined;
    const kernel = boot.kind === 'kernel' ? await this.#path(boot.path) : undefined;
    const initrd = boot.kind === 'kernel' && boot.initrd !== undefined ? await this.#path(boot.initrd) : undefined;
    const made: PreparedDisk[] = [];
    try {
      const disks = new Map<string, DiskFile>();
      for (const disk of guest.disks) {
        const prepared = await this.#disks.prepare({ uid: vm.uid, name: disk.name, persistence: disk.persistence, content: await this.#content(disk, signal) }, signal);
        made.push(prepared);
        disks.set(disk.name, prepared);
      }
      const seed = guest.cloudInit === undefined ? undefined : await makeSeed(await this.#disks.ephemeralDirectory(vm.uid), vm, guest.cloudInit, signal);
      return { disks, rom, kernel, initrd, seed, serialLog: await this.#serialLog(vm) };
    } catch (error) {
      for (const disk of made) await this.#disks.discard(disk);
      throw error;
    }
  }

  /** Removes what {@link prepare} made; the domain must not run. */
  async remove(vm: VmIdentity, options: { readonly keepNodeLocal: boolean }): Promise<void> {
    await this.#disks.remove(vm.uid, options);
    if (!options.keepNodeLocal) await rm(serialLogPath(this.#options.stateDirectory, vm), { force: true });
  }

  async #content(disk: GuestDisk, signal: AbortSignal): Promise<DiskContent> {
    if (disk.kind === 'empty') return { kind: 'empty', sizeMiB: disk.sizeMiB };
    const { format } = disk.image;
    if (format === 'rom') throw new Error(`disk ${disk.name} has an image of format rom, which resolving refuses`);
    const { path, sizeBytes } = await this.#image(disk.image, signal);
    return { kind: 'image', path, format, sizeBytes };
  }

  /** The image's file, as its RealtimeImage says it is. */
  async #image({ format, source }: GuestImage, signal: AbortSignal): Promise<{ path: string; sizeBytes: bigint }> {
    const path = source.kind === 'url' ? await this.#cache.ensure(source.url, source.sha256, signal) : await this.#path(source.path);
    if (source.kind === 'path' && source.sha256 !== undefined) {
      await mkdir(this.#options.stateDirectory, { recursive: true });
      await this.#checksums.verify(path, source.sha256, signal);
    }
    return { path, sizeBytes: await checkImage(path, format, signal) };
  }

  #path(path: string): Promise<string> {
    return resolveImagePath(this.#options.imageRoot, path);
  }

  async #serialLog(vm: VmIdentity): Promise<string> {
    await mkdir(join(this.#options.stateDirectory, 'serial'), { recursive: true });
    return serialLogPath(this.#options.stateDirectory, vm);
  }
}

/** Where all that a guest wrote to its serial port is kept until its VM is deleted. */
export function serialLogPath(stateDirectory: string, vm: VmIdentity): string {
  return join(stateDirectory, 'serial', `${domainName(vm)}.log`);
}

/** The checksums that a guest's images have by their RealtimeImages. */
export function imageChecksums(guest: Guest): readonly string[] {
  const images = [...(guest.boot.kind === 'rom' ? [guest.boot.image] : []), ...guest.disks.flatMap((disk) => (disk.kind === 'image' ? [disk.image] : []))];
  return images.flatMap(({ source }) => source.sha256 ?? []);
}

