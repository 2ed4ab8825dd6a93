/** What the machine is and what it starts with. */
import type { GuestBoot } from '../guest.ts';
import { DomainInputError } from './domain-input.ts';
import type { DomainFiles } from './domain-input.ts';
import { element } from './element.ts';
import type { XmlElement } from './element.ts';

/**
 * `<os>`. For UEFI libvirt itself finds the host's firmware and makes and removes the variable store. Secure boot is
 * declined, since it needs system management mode, which takes the CPU away from the guest's kernel unasked.
 * @throws DomainInputError `FILE_MISSING` when the boot needs a file that the input does not have.
 */
export function boot(guestBoot: GuestBoot, files: Partial<DomainFiles>): XmlElement {
  const type = element('type', { arch: 'x86_64', machine: 'q35' }, 'hvm');
  switch (guestBoot.kind) {
    case 'firmware':
      return os(guestBoot.type, [type]);
    case 'rom':
      return os('BIOS', [type, element('loader', { readonly: 'yes', type: 'rom' }, required(files.rom, 'rom'))]);
    case 'kernel':
      return os(guestBoot.type, [
        type,
        element('kernel', {}, required(files.kernel, 'kernel')),
        guestBoot.initrd === undefined ? undefined : element('initrd', {}, required(files.initrd, 'initrd')),
        guestBoot.args === undefined ? undefined : element('cmdline', {}, guestBoot.args),
      ]);
  }
}

function os(firmware: 'BIOS' | 'UEFI', children: readonly (XmlElement | undefined)[]): XmlElement {
  if (firmware === 'BIOS') return element('os', {}, children);
  return element('os', { firmware: 'efi' }, [
    children[0],
    element('firmware', {}, [
      element('feature', { enabled: 'no', name: 'secure-boot' }),
      element('feature', { enabled: 'no', name: 'enrolled-keys' }),
    ]),
    ...children.slice(1),
  ]);
}

function required(path: string | undefined, name: string): string {
  if (path === undefined) throw new DomainInputError('FILE_MISSING', `files.${name} is missing, but the guest boots from it`);
  return path;
}
