/** The guest's disks, and the seed that configures it at first boot. */
import type { Guest } from '../guest.ts';
import { DomainInputError } from './domain-input.ts';
import type { DiskFile, DomainFiles } from './domain-input.ts';
import { element } from './element.ts';
import type { XmlElement } from './element.ts';

/**
 * One `<disk>` per disk of the guest, in its order, and one for the seed: all virtio, the seed too, since an emulated CD-ROM
 * means exits. They share the I/O threads in turn. The first disk is the one that firmware boots.
 * @throws DomainInputError `FILE_MISSING` for a disk or seed that was not prepared.
 */
export function disks(guest: Guest, files: DomainFiles): readonly XmlElement[] {
  const prepared = guest.disks.map((disk, index) => {
    const file = files.disks.get(disk.name);
    if (file === undefined) throw new DomainInputError('FILE_MISSING', `files.disks has no file for disk ${JSON.stringify(disk.name)}`);
    return element('disk', { type: 'file', device: 'disk' }, [
      element('driver', { name: 'qemu', type: file.format, cache: 'none', io: ioMode(file), discard: 'unmap', iothread: ioThread(index, guest.ioThreads) }),
      element('source', { file: file.path }),
      element('target', { dev: virtioName(index), bus: 'virtio' }),
      serial(disk.name),
      index === 0 && guest.boot.kind === 'firmware' ? element('boot', { order: 1 }) : undefined,
    ]);
  });
  return guest.cloudInit === undefined ? prepared : [...prepared, seedDisk(files, prepared.length, guest.ioThreads)];
}

function seedDisk(files: DomainFiles, index: number, ioThreads: number): XmlElement {
  if (files.seed === undefined) throw new DomainInputError('FILE_MISSING', 'files.seed is missing, but the guest has cloud-init data');
  return element('disk', { type: 'file', device: 'disk' }, [
    element('driver', { name: 'qemu', type: 'raw', iothread: ioThread(index, ioThreads) }),
    element('source', { file: files.seed }),
    element('target', { dev: virtioName(index), bus: 'virtio' }),
    element('readonly'),
  ]);
}

/**
 * Submitting native AIO waits while the file system allocates blocks, and QEMU's main loop with it (which holds the lock
 * that vCPUs need for their exits): only for files whose blocks are all there. Worker threads wait by themselves.
 */
function ioMode(file: DiskFile): 'native' | 'threads' {
  return file.preallocated && file.format === 'raw' ? 'native' : 'threads';
}

function ioThread(index: number, ioThreads: number): number | undefined {
  return ioThreads === 0 ? undefined : (index % ioThreads) + 1;
}

/** In the guest `/dev/disk/by-id/virtio-NAME`; virtio has 20 bytes for it, and libvirt refuses most punctuation. */
function serial(diskName: string): XmlElement | undefined {
  return /^[A-Za-z0-9_.-]{1,20}$/.test(diskName) ? element('serial', {}, diskName) : undefined;
}

/** vda … vdz, vdaa …: as Linux names them. */
function virtioName(index: number): string {
  let letters = '';
  for (let rest = index + 1; rest > 0; rest = Math.floor((rest - 1) / 26)) letters = String.fromCharCode(97 + ((rest - 1) % 26)) + letters;
  return `vd${letters}`;
}
