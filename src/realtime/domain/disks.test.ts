import { describe, expect, it } from 'vitest';
import type { GuestDisk } from '../guest.ts';
import { disks } from './disks.ts';
import { DomainInputError } from './domain-input.ts';
import type { DiskFile } from './domain-input.ts';
import { element, formatXml } from './element.ts';
import { plainShared } from './fixtures/inputs.ts';

const { guest } = plainShared;
const empty = (name: string): GuestDisk => ({ name, persistence: 'NodeLocal', kind: 'empty', sizeMiB: 1 });
const file = (path: string, more: Partial<DiskFile> = {}): DiskFile => ({ path, format: 'raw', preallocated: false, ...more });
const none = { disks: new Map(), serialLog: '/log' };

describe('disks', () => {
  it('gives each its driver, in the order of the guest', () => {
    const several = { ...guest, ioThreads: 2, disks: ['root', 'fast', 'name,with"odd<characters'].map(empty) };
    const files = new Map([
      ['fast', file('/f', { preallocated: true })],
      ['root', file('/r', { format: 'qcow2', preallocated: true })],
      ['name,with"odd<characters', file('/o')],
    ]);
    expect(formatXml(element('devices', {}, disks(several, { ...none, disks: files, seed: '/seed' })))).toBe(`<devices>
  <disk type='file' device='disk'>
    <driver name='qemu' type='qcow2' cache='none' io='threads' discard='unmap' iothread='1'/>
    <source file='/r'/>
    <target dev='vda' bus='virtio'/>
    <serial>root</serial>
    <boot order='1'/>
  </disk>
  <disk type='file' device='disk'>
    <driver name='qemu' type='raw' cache='none' io='native' discard='unmap' iothread='2'/>
    <source file='/f'/>
    <target dev='vdb' bus='virtio'/>
    <serial>fast</serial>
  </disk>
  <disk type='file' device='disk'>
    <driver name='qemu' type='raw' cache='none' io='threads' discard='unmap' iothread='1'/>
    <source file='/o'/>
    <target dev='vdc' bus='virtio'/>
  </disk>
  <disk type='file' device='disk'>
    <driver name='qemu' type='raw' iothread='2'/>
    <source file='/seed'/>
    <target dev='vdd' bus='virtio'/>
    <readonly/>
  </disk>
</devices>
`);
  });

  it('names the targets as Linux does', () => {
    const many = { ...guest, cloudInit: undefined, boot: { kind: 'kernel', type: 'BIOS', path: 'k' } as const, disks: Array.from({ length: 703 }, (_, index) => empty(`d${index}`)) };
    const made = disks(many, { ...none, disks: new Map(many.disks.map(({ name }) => [name, file('/x')])) });
    const target = (index: number) => (typeof made[index]!.content === 'string' ? undefined : made[index]!.content.find((child) => child.name === 'target')?.attributes['dev']);
    expect([0, 25, 26, 51, 52, 701, 702].map(target)).toEqual(['vda', 'vdz', 'vdaa', 'vdaz', 'vdba', 'vdzz', 'vdaaa']);
    expect(made.flatMap(({ content }) => (typeof content === 'string' ? [] : content.filter((child) => child.name === 'boot')))).toEqual([]);
  });

  it.each([
    ['disk', { ...none, seed: '/seed' }, 'files.disks has no file for disk "root"'],
    ['seed', { ...none, disks: new Map([['root', file('/r')]]) }, 'files.seed is missing, but the guest has cloud-init data'],
  ])('refuses a %s that was not prepared', (_, files, message) => {
    expect(() => disks(guest, files)).toThrow(new DomainInputError('FILE_MISSING', message));
  });
});
