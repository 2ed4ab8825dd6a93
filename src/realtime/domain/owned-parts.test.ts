import { describe, expect, it } from 'vitest';
import { dedicatedTwoCells, mixedRealtimeRom, plainShared } from './fixtures/inputs.ts';
import { ownedPartsOf } from './owned-parts.ts';
import { renderDomain } from './render.ts';

const inputs = [dedicatedTwoCells, mixedRealtimeRom, plainShared];

const domain = (devices: string) => `<domain type='kvm'><name>x</name><devices>${devices}</devices></domain>`;
const source = (address: string) => `<source><address ${address}/></source>`;
const hostdev = (address: string) => `<hostdev mode='subsystem' type='pci'>${source(address)}</hostdev>`;

describe('what a domain has of its host to itself', () => {
  it.each(inputs)('is, of $vm.name as we make it, what it was made of', (input) => {
    const { devices, disks } = ownedPartsOf(renderDomain(input));
    expect(devices.toSorted()).toEqual(input.placement.devices.map(({ address }) => address).toSorted());
    const files = [...input.files.disks.values()].map(({ path }) => path);
    const seeds = input.files.seed === undefined ? [] : [input.files.seed];
    expect(disks.toSorted()).toEqual([...files, ...seeds].toSorted());
  });

  it.each<[string, string, readonly string[], readonly string[]]>([
    ['nothing', "<emulator>/usr/bin/qemu</emulator><disk type='file' device='cdrom'/>", [], []],
    ['a PCI device, as libvirt writes it',
      hostdev("domain='0x0000' bus='0x3b' slot='0x02' function='0x1'"), ['0000:3b:02.1'], []],
    ['one without what is zero', hostdev("bus='0x3b' slot='0x1f'"), ['0000:3b:1f.0'], []],
    ['one in another PCI domain, in capitals',
      hostdev("domain='0x10000' bus='0xAF' slot='0x00' function='0x7'"), ['10000:af:00.7'], []],
    ['a virtual function as a network interface',
      `<interface type='hostdev'>${source("domain='0x0000' bus='0xaf' slot='0x10' function='0x0'")}</interface>`,
      ['0000:af:10.0'], []],
    ['where a device is in the guest, which is nothing of the host',
      "<interface type='bridge'><source bridge='b'/><address type='pci' bus='0x01' slot='0x00'/></interface>", [], []],
    ['a USB device, which has no address of this kind',
      "<hostdev type='usb'><source><vendor id='0x1234'/><address bus='1' device='2'/></source></hostdev>", [], []],
    ['a device whose address nobody can read', hostdev("bus='three' slot='0x02'"), [], []],
    ['files and block devices',
      "<disk><source file='/a.qcow2'/><backingStore><source file='/base'/></backingStore></disk>"
      + "<disk type='block'><source dev='/dev/sdb'/></disk>",
      [], ['/a.qcow2', '/dev/sdb']],
    ['a disk of the network, which is not of this host',
      "<disk type='network'><source protocol='rbd' name='pool/x'/></disk>", [], []],
  ])('%s', (_, inside, devices, disks) => {
    expect(ownedPartsOf(domain(inside))).toEqual({ devices, disks });
  });

  it('is nothing that is known where it cannot be read', () => {
    expect(ownedPartsOf('<domain><devices>')).toEqual({ devices: [], disks: [] });
  });
});
