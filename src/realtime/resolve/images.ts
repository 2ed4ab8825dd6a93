/** Finding the images that a VM names, and which of them it starts from. */
import { nearest } from '../nearest.ts';
import type { GuestImage } from '../guest.ts';
import type { Checked } from '../problem.ts';
import { accepted, refused } from '../problem.ts';
import type { ImageSpec, VmSpec } from '../spec.ts';
import { imageKey } from './lookup.ts';
import type { Lookup } from './lookup.ts';

/** The image that a guest starts from: the short form's, or the first disk with an image. Its mask overrides all others. */
export interface BootImage {
  /** The field that names it. */
  readonly path: string;
  readonly image: ImageSpec;
}

/** Undefined where the VM starts from no image, or from one that does not exist, which {@link findImage} reports. */
export function bootImageOf(vm: VmSpec, images: Lookup<ImageSpec>): BootImage | undefined {
  const [path, name] = bootReference(vm) ?? [];
  if (path === undefined || name === undefined) return undefined;
  const image = images.get(imageKey(vm.identity.namespace, name));
  return image === undefined ? undefined : { path, image };
}

/** `IMAGE_MISSING`, at the field that names the image, unless the VM's namespace has it. */
export function findImage(vm: VmSpec, name: string, path: string, images: Lookup<ImageSpec>): Checked<ImageSpec> {
  const { namespace } = vm.identity;
  const image = images.get(imageKey(namespace, name));
  if (image !== undefined) return accepted(image);
  const prefix = imageKey(namespace, '');
  const names = [...images.keys()].filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
  const similar = nearest(name, names);
  const hint = similar === undefined ? 'accepted: the name of a RealtimeImage in the VM\'s own namespace' : `did you mean ${JSON.stringify(similar)}?`;
  return refused({ code: 'IMAGE_MISSING', path, value: name, message: `namespace ${JSON.stringify(namespace)} has no RealtimeImage of this name; ${hint}` });
}

/** What a host needs of an image. */
export function guestImage({ name, format, source }: ImageSpec): GuestImage {
  return { name, format, source };
}

function bootReference(vm: VmSpec): readonly [path: string, name: string] | undefined {
  if (vm.image !== undefined) return ['spec.image.name', vm.image];
  for (const [index, disk] of vm.disks.entries()) {
    if ('image' in disk) return [`spec.disks[${index}].image`, disk.image];
  }
  return undefined;
}
