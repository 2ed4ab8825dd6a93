/** The guest's disks, each with its image found. */
import { combineAll } from '../checked.ts';
import type { GuestDisk } from '../guest.ts';
import type { Checked, FieldProblem } from '../problem.ts';
import { accepted, refused } from '../problem.ts';
import type { ClassSpec, DiskSpec, ImageSpec, VmSpec } from '../spec.ts';
import { duplicates } from './duplicates.ts';
import { findImage, guestImage } from './images.ts';
import type { Lookup } from './lookup.ts';

/** The name of the disk that the short form `image {name}` makes; a rom image makes none. */
const bootDiskName = 'boot';

/** Codes: `DISK_DUPLICATE`, `IMAGE_MISSING`, `DISK_ROM`, `NODE_LOCAL_NOT_ALLOWED`. */
export function resolveDisks(vm: VmSpec, vmClass: ClassSpec | undefined, images: Lookup<ImageSpec>): Checked<readonly GuestDisk[]> {
  const boot = bootDisk(vm, images);
  const named = [...boot.map(({ name }) => ({ name, path: 'spec.image' })), ...vm.disks.map(({ name }, index) => ({ name, path: `spec.disks[${index}].name` }))];
  return combineAll<GuestDisk>([
    ...duplicates(named, 'DISK_DUPLICATE', 'disk').map((problem) => refused(problem)),
    ...boot.map((disk) => accepted(disk)),
    ...vm.disks.flatMap((disk, index) => [
      ...persistenceProblems(disk, index, vmClass).map((problem) => refused(problem)),
      resolveDisk(vm, disk, index, images),
    ]),
  ]);
}

/** A missing image is told by the check of what the machine starts with. */
function bootDisk(vm: VmSpec, images: Lookup<ImageSpec>): readonly GuestDisk[] {
  if (vm.image === undefined) return [];
  const image = findImage(vm, vm.image, 'spec.image.name', images);
  if (!image.ok || image.value.format === 'rom') return [];
  return [{ name: bootDiskName, persistence: 'Ephemeral', kind: 'image', image: guestImage(image.value) }];
}

function resolveDisk(vm: VmSpec, disk: DiskSpec, index: number, images: Lookup<ImageSpec>): Checked<GuestDisk> {
  const { name, persistence } = disk;
  if (!('image' in disk)) return accepted({ name, persistence, kind: 'empty', sizeMiB: disk.emptySizeMiB });
  const path = `spec.disks[${index}].image`;
  const image = findImage(vm, disk.image, path, images);
  if (!image.ok) return refused(...image.problems);
  if (image.value.format === 'rom') {
    return refused({ code: 'DISK_ROM', path, value: disk.image, message: 'is of format rom, the whole guest and not a disk; accepted: an image of format raw or qcow2 here, or this one as image: {name: …}' });
  }
  return accepted({ name, persistence, kind: 'image', image: guestImage(image.value) });
}

function persistenceProblems(disk: DiskSpec, index: number, vmClass: ClassSpec | undefined): readonly FieldProblem[] {
  if (disk.persistence !== 'NodeLocal' || vmClass === undefined || vmClass.allow.nodeLocalDisks) return [];
  return [{ code: 'NODE_LOCAL_NOT_ALLOWED', path: `spec.disks[${index}].persistence`, value: disk.persistence, message: `is not allowed by class ${JSON.stringify(vmClass.name)}; accepted: Ephemeral` }];
}
