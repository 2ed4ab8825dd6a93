import { expect, test } from 'vitest';
import type { HostDevice, HostInventory } from '../host.ts';
import { numaNodeId } from '../ids.ts';
import { Cluster } from './cluster.ts';
import { sampleGuest, sampleHost } from './sample-hosts.ts';

const address = (index: number) => `0000:3b:00.${index}`;
const device = (index: number, numaNode?: number): HostDevice => ({ address: address(index), ...(numaNode === undefined ? {} : { numaNode: numaNodeId(numaNode) }) });
const classes = (pools: Readonly<Record<string, readonly HostDevice[]>>): Partial<HostInventory> => ({ deviceClasses: Object.entries(pools).map(([name, devices]) => ({ name, devices })) });
const wants = (...named: readonly (readonly [className: string, affinity: 'Required' | 'Preferred'])[]) => named.map(([className, numaAffinity], index) => ({ name: `d${index}`, class: className, numaAffinity }));

/** Two nodes; node 1 has more free CPUs, so that a guest goes there unless its devices say otherwise. */
test.each([
  ['the lowest free address', classes({ nic: [device(2), device(1)] }), wants(['nic', 'Preferred']), [1], 1],
  ['a device on the guest’s node first', classes({ nic: [device(1, 0), device(2, 1)] }), wants(['nic', 'Required'], ['nic', 'Preferred']), [2, 1], 1],
  ['the guest goes where its device is', classes({ nic: [device(1, 0)] }), wants(['nic', 'Required']), [1], 0],
  ['also where it would only prefer that', classes({ nic: [device(1, 0)] }), wants(['nic', 'Preferred']), [1], 0],
  ['an address in two classes goes to who needs it', classes({ any: [device(1), device(2)], one: [device(1)] }), wants(['any', 'Preferred'], ['one', 'Preferred']), [2, 1], 1],
] as const)('%s', (_, rest, hostDevices, expected, node) => {
  const cluster = new Cluster([sampleHost({ name: 'a', nodes: ['0-1', '2-5'], rest })], []);
  const decision = cluster.decide(sampleGuest({ vcpus: 2, rest: { hostDevices } }));
  if (decision.kind === 'refused') throw new Error(JSON.stringify(decision));
  expect({ devices: decision.placement.devices, node: decision.placement.cells[0]?.hostNode }).toEqual({ devices: hostDevices.map(({ name }, index) => ({ name, address: address(expected[index]!) })), node });
});

test('a virtual function goes to one VM, is named after the VM’s network, and comes back', () => {
  const inventory = sampleHost({ name: 'a', nodes: ['0-3'], rest: { networks: [{ name: 'fast', openToInline: true, kind: 'sriov', devices: [device(1), device(2)] }, { name: 'lan', openToInline: true, kind: 'bridge', bridge: 'br0' }] } });
  const cluster = new Cluster([inventory], []);
  const guest = sampleGuest({ vcpus: 1, rest: { networks: [{ name: 'control', network: 'lan', model: 'virtio' }, { name: 'data', network: 'fast', model: 'virtio' }], inline: true } });
  const devices = ['one', 'two', 'three'].map((uid) => {
    const decision = cluster.decide(guest);
    if (decision.kind === 'refused') return decision.groups.map(({ message }) => message);
    cluster.commit(uid, decision.placement);
    return decision.placement.devices;
  });
  expect(devices).toEqual([[{ name: 'data', address: address(1) }], [{ name: 'data', address: address(2) }], ['no free virtual function of network "fast": all 2 are taken']]);
  cluster.release('one');
  expect(cluster.free('a')?.devices).toEqual([address(1)]);
});
