/** What the machine starts with: a firmware, an image that is the firmware, or a kernel. */
import { unless } from '../checked.ts';
import type { GuestBoot } from '../guest.ts';
import type { Checked, FieldProblem } from '../problem.ts';
import { accepted, refused } from '../problem.ts';
import type { ImageSpec, VmSpec } from '../spec.ts';
import { findImage, guestImage } from './images.ts';
import type { BootImage } from './images.ts';
import type { Lookup } from './lookup.ts';

/** Codes: `IMAGE_MISSING` for the short form, `ROM_AND_KERNEL`, `ROM_AND_UEFI`; a warning `NOTHING_TO_BOOT`. */
export function resolveBoot(vm: VmSpec, bootImage: BootImage | undefined, images: Lookup<ImageSpec>): Checked<GuestBoot> {
  const { type } = vm.firmware;
  if (vm.image !== undefined) {
    const image = findImage(vm, vm.image, 'spec.image.name', images);
    if (!image.ok) return refused(...image.problems);
    if (image.value.format === 'rom') return romBoot(vm, image.value);
  }
  if (vm.kernel !== undefined) {
    const { path, initrd, args } = vm.kernel;
    return accepted({ kind: 'kernel', type, path, initrd, args });
  }
  const nothing = bootImage === undefined && vm.disks.length === 0 && vm.networks.length === 0;
  const warnings: readonly FieldProblem[] = nothing
    ? [{ code: 'NOTHING_TO_BOOT', path: 'spec', message: 'has no image, no kernel, no disk and no network, so the guest has nothing to start; add one of them, such as image: {name: …}' }]
    : [];
  return accepted({ kind: 'firmware', type }, warnings);
}

function romBoot(vm: VmSpec, image: ImageSpec): Checked<GuestBoot> {
  const problems: FieldProblem[] = [];
  if (vm.kernel !== undefined) {
    problems.push({ code: 'ROM_AND_KERNEL', path: 'spec.kernel.path', value: vm.kernel.path, message: `cannot be combined with image ${JSON.stringify(image.name)} of format rom, which is the whole guest; accepted: kernel, or the rom image` });
  }
  if (vm.firmware.type === 'UEFI') {
    problems.push({ code: 'ROM_AND_UEFI', path: 'spec.firmware.type', value: 'UEFI', message: `cannot be combined with image ${JSON.stringify(image.name)} of format rom, which takes the firmware's place; accepted: BIOS, or no such field` });
  }
  return unless(problems, () => ({ kind: 'rom', image: guestImage(image) }));
}
