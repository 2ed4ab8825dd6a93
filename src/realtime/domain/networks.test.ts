import { describe, expect, it } from 'vitest';
import { vmUid } from '../ids.ts';
import type { DomainInput } from './domain-input.ts';
import { DomainInputError } from './domain-input.ts';
import { element, formatXml } from './element.ts';
import { dedicatedTwoCells } from './fixtures/inputs.ts';
import { networks, sharesMemory, vhostUserSocketPath } from './networks.ts';

const attached = (network: string, more: Partial<DomainInput> = {}): DomainInput => ({
  ...dedicatedTwoCells,
  guest: { ...dedicatedTwoCells.guest, networks: [{ name: 'fronthaul', network, model: 'virtio', mac: '52:54:00:00:00:01' }] },
  ...more,
});

describe('networks', () => {
  it.each([
    ['lan', "<interface type='bridge'>|<mac address='52:54:00:00:00:01'/>|<source bridge='br0'/>|<model type='virtio'/>"],
    ['direct', "<interface type='direct'>|<mac address='52:54:00:00:00:01'/>|<source dev='eno1' mode='bridge'/>|<model type='virtio'/>"],
    ['fh', "<interface type='hostdev' managed='yes'>|<mac address='52:54:00:00:00:01'/>|<source>|<address type='pci' domain='0x0000' bus='0x3b' slot='0x02' function='0x1'/>|</source>"],
    ['ovs', "<interface type='vhostuser'>|<mac address='52:54:00:00:00:01'/>|<source type='unix' path='/var/run/vhost-user/rtvm-354e3204b50cfc82.sock' mode='server'/>|<model type='virtio'/>"],
  ])('attaches to %s', (network, lines) => {
    const xml = formatXml(element('devices', {}, networks(attached(network))));
    expect(xml.split('\n').map((line) => line.trim())).toEqual(['<devices>', ...lines.split('|'), '</interface>', '</devices>', '']);
  });

  it('derives an address that stays, for each interface of each VM its own', () => {
    const macs = (input: DomainInput) => networks(input).map(({ content }) => (typeof content === 'string' ? undefined : content[0]!.attributes['address']));
    const again = { ...dedicatedTwoCells, generation: 99, vm: { ...dedicatedTwoCells.vm, name: 'renamed' } };
    const other = { ...dedicatedTwoCells, vm: { ...dedicatedTwoCells.vm, uid: vmUid('0d4fa2be-6a7e-4a3f-9a3c-0a7c8d1e2f03') } };
    expect(macs(again)).toEqual(macs(dedicatedTwoCells));
    const derived = [...macs(dedicatedTwoCells).slice(1), ...macs(other).slice(1)];
    expect(new Set(derived).size).toBe(6);
    for (const mac of derived) expect(mac).toMatch(/^02(:[0-9a-f]{2}){5}$/);
  });

  it('shares memory for vhost-user alone', () => {
    expect(['lan', 'direct', 'fh', 'ovs'].filter((network) => sharesMemory(attached(network)))).toEqual(['ovs']);
  });

  const e1000e = { ...dedicatedTwoCells.guest, networks: [{ name: 'midhaul', network: 'ovs', model: 'e1000e' as const }] };
  const misplaced = (address: string) => ({ placement: { ...dedicatedTwoCells.placement, devices: [{ name: 'fronthaul', address }] } });
  it.each([
    ['a network that the host lacks', attached('nope'), new DomainInputError('NETWORK_MISSING', 'the host has no network "nope", which the guest\'s "fronthaul" is attached to')],
    ['vhost-user with an emulated card', { ...dedicatedTwoCells, guest: e1000e }, new DomainInputError('NETWORK_MODEL', 'network "midhaul" is vhost-user, which has no model e1000e; accepted: virtio')],
    ['sriov without a device', attached('fh', { placement: { ...dedicatedTwoCells.placement, devices: [] } }), new DomainInputError('DEVICE_MISSING', 'the placement has no device for "fronthaul"')],
    ['what is no PCI address', attached('fh', misplaced("0000:3b:02.1'/><x")), new DomainInputError('DEVICE_ADDRESS', 'device "fronthaul" has the address "0000:3b:02.1\'/><x"; accepted: a PCI address such as 0000:3b:00.1')],
    ['a PCI function above 7', attached('fh', misplaced('0000:3b:02.8')), new DomainInputError('DEVICE_ADDRESS', 'device "fronthaul" has the address "0000:3b:02.8"; accepted: a PCI address such as 0000:3b:00.1')],
  ])('refuses %s', (_, input, error) => {
    expect(() => networks(input)).toThrow(error);
  });
});

describe('vhostUserSocketPath', () => {
  const uid = vmUid('u');
  it('lies in its directory, whatever the names are', () => {
    expect(vhostUserSocketPath('/run/sw//', uid, '../../etc/x')).toMatch(/^\/run\/sw\/rtvm-[0-9a-f]{16}\.sock$/);
  });
  it('refuses what no socket can be named', () => {
    expect(vhostUserSocketPath(`/${'d'.repeat(79)}`, uid, 'n')).toHaveLength(107);
    expect(() => vhostUserSocketPath(`/${'d'.repeat(80)}`, uid, 'n')).toThrow(/has 108 bytes; accepted: at most 107, so a shorter socketDirectory$/);
  });
});
