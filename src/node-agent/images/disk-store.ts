/**
 * The writable disks of the VMs on this host: `STATE/disks/UID/{ephemeral,node-local}/NAME.{qcow2,raw}`.
 *
 * | disk | file | why |
 * |---|---|---|
 * | Ephemeral image | a qcow2 overlay, new at each start | starts at once, whatever the image's size; the image stays unwritten |
 * | NodeLocal image | a raw copy, made once, all blocks allocated | it outlives the image: an administrator may replace that, or the cache drop it |
 * | empty, of both kinds | raw, all blocks allocated | see below |
 *
 * Allocated in full where it can be: a disk that runs out of space while the guest writes makes QEMU pause the whole guest,
 * realtime vCPUs included. What does not fit is refused here, before anything runs. A disk keeps the size it was made with.
 *
 * One owner each: the path holds the VM's UID, and a disk that a process has open is neither replaced nor removed.
 */
import { chmod, link, mkdir, open, readdir, rename, rm, rmdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { DiskFile } from '../../realtime/domain/domain-input.ts';
import type { VmUid } from '../../realtime/ids.ts';
import type { DiskPersistence } from '../../realtime/spec.ts';
import { lockHolders } from '../host/file-locks.ts';
import { errorCode } from '../host/host-root.ts';
import type { HostRoot } from '../host/host-root.ts';
import { ImageError, diskFullError, storageError } from './image-error.ts';
import { qemuImg } from './qemu-img.ts';

/** What a new disk holds; images are checked, see `checkImage`. */
export type DiskContent =
  | { readonly kind: 'image'; readonly path: string; readonly format: 'raw' | 'qcow2'; readonly sizeBytes: bigint }
  | { readonly kind: 'empty'; readonly sizeMiB: number };

export interface DiskRequest {
  readonly uid: VmUid;
  readonly name: string;
  readonly persistence: DiskPersistence;
  readonly content: DiskContent;
}

/** libvirt gives a disk to QEMU's user while its domain runs; nobody else on the host may read a tenant's data. */
const privateMode = 0o600;

const folders = { Ephemeral: 'ephemeral', NodeLocal: 'node-local' } as const;

export class DiskStore {
  readonly #root: HostRoot;
  readonly #directory: string;

  /** @param directory - `STATE/disks`; made when it is needed. */
  constructor(root: HostRoot, directory: string) {
    this.#root = root;
    this.#directory = directory;
  }

  /** The folder of what is made anew at each start, for the cloud-init seed; made if it is not there. */
  async ephemeralDirectory(uid: VmUid): Promise<string> {
    return this.#makeFolder(uid, 'Ephemeral');
  }

  /**
   * A NodeLocal disk that was made earlier, whole and ready for the VM's next domain.
   * @throws ImageError `DISK_IN_USE`, `DISK_NAME_INVALID`.
   */
  async findNodeLocal(uid: VmUid, name: string): Promise<DiskFile | undefined> {
    const file = this.#file(uid, name, 'NodeLocal', 'raw');
    return (await this.#requireUnused(file.path)) ? file : undefined;
  }

  /**
   * Makes a disk: an Ephemeral one in place of the last start's, a NodeLocal one only where there is none. What is half made
   * when this fails or the process dies is never taken for a disk.
   * @throws ImageError `DISK_FULL`, `DISK_IN_USE`, `DISK_NAME_INVALID`, `STORAGE_FAILED`, and those of `qemuImg`.
   */
  async create(request: DiskRequest, signal?: AbortSignal): Promise<DiskFile> {
    const { uid, name, persistence, content } = request;
    const file = this.#file(uid, name, persistence, persistence === 'Ephemeral' && content.kind === 'image' ? 'qcow2' : 'raw');
    await this.#makeFolder(uid, persistence);
    await this.#requireUnused(file.path);
    const partial = `${file.path}.partial`;
    try {
      await rm(partial, { force: true });
      await fill(partial, content, file.format, signal);
      await chmod(partial, privateMode);
      await (persistence === 'NodeLocal' ? settle(partial, file.path) : rename(partial, file.path));
      return file;
    } catch (error) {
      throw error instanceof ImageError || signal?.aborted === true ? error : storageError(`making ${file.path}`, error);
    } finally {
      await rm(partial, { force: true });
    }
  }

  /** Removes one disk that was just made, for a domain that then could not be prepared: no guest has seen it. */
  async discard(disk: DiskFile): Promise<void> {
    await rm(disk.path, { force: true });
  }

  /**
   * Removes a VM's disks and seed; its NodeLocal disks only when the VM itself was deleted. Nothing there is fine.
   * @throws ImageError `DISK_IN_USE` before anything is removed.
   */
  async remove(uid: VmUid, { keepNodeLocal }: { readonly keepNodeLocal: boolean }): Promise<void> {
    requireName('VM UID', uid);
    const own = join(this.#directory, uid);
    const doomed = (keepNodeLocal ? [folders.Ephemeral] : Object.values(folders)).map((folder) => join(own, folder));
    for (const folder of doomed) {
      for (const name of await readdir(folder).catch(absent([]))) await this.#requireUnused(join(folder, name));
    }
    for (const folder of doomed) await rm(folder, { recursive: true, force: true });
    await rmdir(own).catch((error: unknown) => {
      if (errorCode(error) !== 'ENOENT' && errorCode(error) !== 'ENOTEMPTY') throw storageError(`removing ${own}`, error);
    });
  }

  #file(uid: VmUid, name: string, persistence: DiskPersistence, format: DiskFile['format']): DiskFile {
    requireName('VM UID', uid);
    requireName('disk', name);
    return { path: join(this.#directory, uid, folders[persistence], `${name}.${format}`), format, preallocated: format === 'raw' };
  }

  /** QEMU's user must pass through to its disk, whose own mode libvirt sets; nobody needs to list what is there. */
  async #makeFolder(uid: VmUid, persistence: DiskPersistence): Promise<string> {
    requireName('VM UID', uid);
    const folder = join(this.#directory, uid, folders[persistence]);
    await mkdir(folder, { recursive: true, mode: 0o711 }).catch((error: unknown) => { throw storageError(`making ${folder}`, error); });
    return folder;
  }

  /** True where the file exists. QEMU locks its disks, so a lock is a running domain. */
  async #requireUnused(path: string): Promise<boolean> {
    const file = await stat(path, { bigint: true }).catch(absent(undefined));
    if (file === undefined) return false;
    if (lockHolders(this.#root, file).length === 0) return true;
    throw new ImageError('DISK_IN_USE', `disk ${path} is open in a running process, so it is neither given to a second domain nor replaced nor removed; stop the domain that has it first`);
  }
}

/** A qcow2 disk is an overlay, a raw one holds everything itself. */
async function fill(path: string, content: DiskContent, format: DiskFile['format'], signal: AbortSignal | undefined): Promise<void> {
  const allocate = ['-o', 'preallocation=falloc'];
  if (content.kind === 'empty') {
    await requireSpace(path, BigInt(content.sizeMiB) * 1024n * 1024n);
    await qemuImg(['create', '-q', '-f', 'raw', ...allocate, '--', path, `${content.sizeMiB}M`], { signal, cpu: 'bounded' });
  } else if (format === 'qcow2') {
    await qemuImg(['create', '-q', '-f', 'qcow2', '-b', content.path, '-F', content.format, '--', path], { signal, cpu: 'bounded' });
  } else {
    await requireSpace(path, content.sizeBytes);
    await qemuImg(['convert', '-q', '-f', content.format, '-O', 'raw', ...allocate, '--', content.path, path], { signal, cpu: 'unbounded' });
  }
}

/** Says so before gigabytes are written; another writer may still be faster, which qemu-img then notices. */
async function requireSpace(path: string, bytes: bigint): Promise<void> {
  const free = await statfs(join(path, '..'), { bigint: true });
  if (free.bavail * free.bsize < bytes) throw diskFullError(`making ${path} (${bytes} bytes, ${free.bavail * free.bsize} are free)`);
}

/** Gives a complete file its name, never in place of another: what holds a tenant's data is not written over, whatever went wrong. */
async function settle(partial: string, path: string): Promise<void> {
  await using file = await open(partial, 'r+');
  await file.sync();
  await link(partial, path);
}

/** UIDs and disk names are checked when they are written; whoever gets here otherwise makes no path of them. */
function requireName(what: string, name: string): void {
  if (/^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(name)) return;
  throw new ImageError('DISK_NAME_INVALID', `${what} ${JSON.stringify(name)} is not a name; accepted: 1 to 63 letters, digits and dashes, no dash first or last`);
}

function absent<Value>(value: Value): (error: unknown) => Value {
  return (error) => {
    if (errorCode(error) === 'ENOENT') return value;
    throw storageError('looking at disks', error);
  };
}
