/** Everything on disk that a domain needs, from the image root, the cache and the disks: found, checked, made; and removed again. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DiskFile, DomainFiles } from '../../realtime/domain/domain-input.ts';
import type { Guest, GuestBoot, GuestDisk, GuestImage } from '../../realtime/guest.ts';
import type { VmIdentity, VmUid } from '../../realtime/ids.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { HostRoot } from '../host/host-root.ts';
import { ChecksumCache } from './checksum.ts';
import { DiskStore } from './disk-store.ts';
import type { DiskContent } from './disk-store.ts';
import { ImageCache } from './image-cache.ts';
import { ImageError, storageError } from './image-error.ts';
import { checkImage } from './image-format.ts';
import { requireApart, resolveImagePath } from './image-path.ts';
import { makeSeed } from './seed.ts';

export interface GuestFilesOptions {
  readonly root: HostRoot;
  /** Where the administrator puts images: all paths that people write are below it. */
  readonly imageRoot: string;
  /**
   * Holds `disks/`, `image-cache/` and `checksums`; made if it is not there. The image root may be its `images/`: nothing of ours
   * is there, since a tenant's path reaches all that is.
   */
  readonly stateDirectory: string;
  /** URL prefixes that images may be fetched from; none: only images under the image root. */
  readonly urlPrefixes: readonly string[];
  readonly runtime: Runtime;
  readonly maxCacheBytes: number;
  readonly maxImageBytes: number;
  /** The SHA-256 of the URL images of all guests that this host has: they stay in the cache. */
  readonly imagesInUse: () => ReadonlySet<string>;
}

/** The serial log is not of this room's making. */
export type GuestFilePaths = Omit<DomainFiles, 'serialLog'>;

/** A slow mirror sends something every minute; a dead one does not. */
const stallTimeoutMs = 60_000;

export class GuestFiles {
  readonly #options: GuestFilesOptions;
  readonly #checksums: ChecksumCache;
  readonly #cache: ImageCache;
  readonly #disks: DiskStore;

  constructor(options: GuestFilesOptions) {
    const { stateDirectory, urlPrefixes, runtime, maxCacheBytes, maxImageBytes, imagesInUse } = options;
    this.#options = options;
    this.#checksums = new ChecksumCache(join(stateDirectory, 'checksums'));
    this.#cache = new ImageCache({
      directory: join(stateDirectory, 'image-cache'), allowed: urlPrefixes, runtime,
      maxCacheBytes, maxImageBytes, stallTimeoutMs, inUse: imagesInUse,
    });
    this.#disks = new DiskStore(options.root, join(stateDirectory, 'disks'));
  }

  /**
   * Prepares the files of a domain that is about to start; the VM must have none running. All that can be refused is looked at
   * before anything is written, and what was written is removed again on failure; a NodeLocal disk of an earlier start is not.
   * @throws ImageError with the code of the first thing that is wrong; an aborted signal's own reason.
   */
  async prepare(vm: VmIdentity, guest: Guest, signal?: AbortSignal): Promise<GuestFilePaths> {
    const { stateDirectory } = this.#options;
    await mkdir(stateDirectory, { recursive: true, mode: 0o711 }).catch((error: unknown) => { throw storageError(`making ${stateDirectory}`, error); });
    const boot = await this.#prepareBoot(guest.boot, signal);
    const plans = [];
    for (const disk of guest.disks) plans.push({ disk, plan: await this.#planDisk(vm.uid, disk, signal) });

    const made: DiskFile[] = [];
    try {
      const disks = new Map<string, DiskFile>();
      for (const { disk: { name, persistence }, plan } of plans) {
        const file = plan.found ?? await this.#disks.create({ uid: vm.uid, name, persistence, content: plan.content }, signal);
        if (plan.found === undefined) made.push(file);
        disks.set(name, file);
      }
      if (guest.cloudInit === undefined) return { disks, ...boot };
      const seed = await makeSeed(await this.#disks.ephemeralDirectory(vm.uid), vm, guest.cloudInit, signal);
      return { disks, ...boot, seed };
    } catch (error) {
      for (const file of made) await this.#disks.discard(file);
      // With a disk in use there is a domain after all, and the rest is not ours to clear away.
      if (!(error instanceof ImageError) || error.code !== 'DISK_IN_USE') await this.remove(vm.uid, { keepNodeLocal: true });
      throw error;
    }
  }

  /** Removes what {@link prepare} made for a VM; its NodeLocal disks only when the VM itself was deleted. Nothing there is fine. */
  async remove(uid: VmUid, { keepNodeLocal }: { readonly keepNodeLocal: boolean }): Promise<void> {
    await this.#disks.remove(uid, { keepNodeLocal });
  }

  async #prepareBoot(boot: GuestBoot, signal: AbortSignal | undefined): Promise<Pick<DomainFiles, 'rom' | 'kernel' | 'initrd'>> {
    switch (boot.kind) {
      case 'firmware':
        return {};
      case 'rom':
        return { rom: (await this.#prepareImage(boot.image, signal)).path };
      case 'kernel': {
        const kernel = await this.#resolve(boot.path);
        return boot.initrd === undefined ? { kernel } : { kernel, initrd: await this.#resolve(boot.initrd) };
      }
    }
  }

  /** A NodeLocal disk that is there needs its image no more. */
  async #planDisk(uid: VmUid, disk: GuestDisk, signal: AbortSignal | undefined): Promise<{ found: DiskFile; content?: undefined } | { found?: undefined; content: DiskContent }> {
    const found = disk.persistence === 'NodeLocal' ? await this.#disks.findNodeLocal(uid, disk.name) : undefined;
    if (found !== undefined) return { found };
    if (disk.kind === 'empty') return { content: { kind: 'empty', sizeMiB: disk.sizeMiB } };
    const { format } = disk.image;
    if (format === 'rom') throw new ImageError('IMAGE_FORMAT', `image ${disk.image.name} of disk ${disk.name} is a rom; accepted for a disk: raw and qcow2`);
    return { content: { kind: 'image', format, ...(await this.#prepareImage(disk.image, signal)) } };
  }

  async #prepareImage(image: GuestImage, signal: AbortSignal | undefined): Promise<{ path: string; sizeBytes: bigint }> {
    const path = await this.#findImage(image, signal);
    return { path, sizeBytes: await checkImage(path, image.format, signal) };
  }

  async #findImage({ source }: GuestImage, signal: AbortSignal | undefined): Promise<string> {
    if (source.kind === 'url') return this.#cache.ensure(source.url, source.sha256, signal);
    const path = await this.#resolve(source.path);
    if (source.sha256 !== undefined) await this.#checksums.verify(path, source.sha256, signal);
    return path;
  }

  /** @throws ImageError as `resolveImagePath`; `IMAGE_ROOT_UNSAFE` where the image root would show what is other people's. */
  async #resolve(path: string): Promise<string> {
    const { imageRoot, stateDirectory } = this.#options;
    await requireApart(imageRoot, ['disks', 'image-cache'].map((name) => join(stateDirectory, name)));
    return resolveImagePath(imageRoot, path);
  }
}
