/** The files that a VM's domain would have on its host, named as the agent names them; none of them needs to be there. */
import { join } from 'node:path';
import type { DiskFile, DomainFiles } from '../../realtime/domain/domain-input.ts';
import type { Guest, GuestDisk, GuestImage } from '../../realtime/guest.ts';
import { serialLogPath } from '../../node-agent/serial-log.ts';
import type { VmIdentity } from '../../realtime/ids.ts';

export interface HostDirectories {
  /** `--state-dir`. */
  readonly state: string;
  /** `--image-root`. */
  readonly images: string;
}

/** What GuestFiles of the agent would give once it has prepared them; a test compares the two. */
export function plannedFiles(vm: VmIdentity, guest: Guest, { state, images }: HostDirectories): DomainFiles {
  const ownDisks = join(state, 'disks', vm.uid);
  const { boot } = guest;
  return {
    disks: new Map(guest.disks.map((disk) => [disk.name, diskFile(disk, ownDisks)])),
    rom: boot.kind === 'rom' ? imageFile(boot.image, { state, images }) : undefined,
    kernel: boot.kind === 'kernel' ? join(images, boot.path) : undefined,
    initrd: boot.kind === 'kernel' && boot.initrd !== undefined ? join(images, boot.initrd) : undefined,
    seed: guest.cloudInit === undefined ? undefined : join(ownDisks, 'ephemeral', 'seed.iso'),
    serialLog: serialLogPath(state, vm),
  };
}

/** As the table at the head of node-agent/images/disk-store.ts says. */
function diskFile(disk: GuestDisk, directory: string): DiskFile {
  const folder = disk.persistence === 'Ephemeral' ? 'ephemeral' : 'node-local';
  const overlay = disk.persistence === 'Ephemeral' && disk.kind === 'image';
  const format = overlay ? 'qcow2' : 'raw';
  return { path: join(directory, folder, `${disk.name}.${format}`), format, preallocated: !overlay };
}

/** A file under the image root, or one of the cache of what was fetched. */
function imageFile({ source }: GuestImage, { state, images }: HostDirectories): string {
  switch (source.kind) {
    case 'path': return join(images, source.path);
    case 'url': return join(state, 'image-cache', `sha256-${source.sha256}`);
  }
}
