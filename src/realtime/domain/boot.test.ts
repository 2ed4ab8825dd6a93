import { describe, expect, it } from 'vitest';
import type { GuestBoot } from '../guest.ts';
import { boot } from './boot.ts';
import { DomainInputError } from './domain-input.ts';
import { formatXml } from './element.ts';

const image = { name: 'i', format: 'rom', source: { kind: 'path', path: 'i' } } as const;
const type = "<type arch='x86_64' machine='q35'>hvm</type>";
const efi = ["<os firmware='efi'>", type, '<firmware>', "<feature enabled='no' name='secure-boot'/>", "<feature enabled='no' name='enrolled-keys'/>", '</firmware>'];
const none = { disks: new Map(), serialLog: '/log' };
const all = { ...none, rom: '/r.rom', kernel: '/k', initrd: '/i' };

describe('boot', () => {
  it.each<[string, GuestBoot, readonly string[]]>([
    ['BIOS', { kind: 'firmware', type: 'BIOS' }, ['<os>', type]],
    ['UEFI', { kind: 'firmware', type: 'UEFI' }, efi],
    ['a ROM', { kind: 'rom', image }, ['<os>', type, "<loader readonly='yes' type='rom'>/r.rom</loader>"]],
    ['a kernel', { kind: 'kernel', type: 'BIOS', path: 'k' }, ['<os>', type, '<kernel>/k</kernel>']],
    ['a kernel with all', { kind: 'kernel', type: 'UEFI', path: 'k', initrd: 'i', args: 'a="<b>" & c' }, [
      ...efi, '<kernel>/k</kernel>', '<initrd>/i</initrd>', '<cmdline>a=&quot;&lt;b&gt;&quot; &amp; c</cmdline>',
    ]],
  ])('from %s', (_, guestBoot, lines) => {
    expect(formatXml(boot(guestBoot, all)).split('\n').map((line) => line.trim())).toEqual([...lines, '</os>', '']);
  });

  it.each<[string, GuestBoot, object]>([
    ['rom', { kind: 'rom', image }, none],
    ['kernel', { kind: 'kernel', type: 'BIOS', path: 'k' }, none],
    ['initrd', { kind: 'kernel', type: 'BIOS', path: 'k', initrd: 'i' }, { ...none, kernel: '/k' }],
  ])('refuses a missing %s', (name, guestBoot, files) => {
    expect(() => boot(guestBoot, { ...none, ...files })).toThrow(new DomainInputError('FILE_MISSING', `files.${name} is missing, but the guest boots from it`));
  });
});
