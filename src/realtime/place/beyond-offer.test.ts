import { expect, test } from 'vitest';
import { CpuSet } from '../cpu-set.ts';
import type { HostInventory } from '../host.ts';
import { cpuId, numaNodeId, vcpuId } from '../ids.ts';
import type { Placement } from '../placement.ts';
import { beyondOffer } from './beyond-offer.ts';
import { Cluster } from './cluster.ts';
import { sampleGuest, sampleHost } from './sample-hosts.ts';

const address = '0000:3b:00.1';
const host = sampleHost({
  nodes: ['0-3', '4-7'], shared: '0', dedicated: '1-3,4-6',
  rest: { maxPriority: 10, deviceClasses: [{ name: 'nic', devices: [{ address }] }] },
});
const guest = sampleGuest({ vcpus: 2, policy: 'Mixed', dedicated: '1', realtime: '1', priority: 5 });
const decision = new Cluster([host], []).decide(guest);
if (decision.kind !== 'placed') throw new Error('it fits');
const { placement } = decision;
const beyond = (change: Partial<Placement> = {}, inventory: HostInventory = host) => (
  beyondOffer(inventory, { uid: 'a', placement: { ...placement, ...change } })
);
const pinned = (cpu: number): Partial<Placement> => ({
  vcpuPins: [placement.vcpuPins[0]!, { kind: 'dedicated', vcpu: vcpuId(1), cpu: cpuId(cpu) }],
});

test('what placement decides is within what the host gives', () => {
  expect(beyond()).toEqual([]);
  expect(beyond({ devices: [{ name: 'nic', address }] })).toEqual([]);
});

test.each<[string, Partial<Placement>, readonly string[]]>([
  ['another host', { host: 'other' }, ['it is for host other, and this is host']],
  ['a pCPU that nobody is given', pinned(7), ['CPU 7 is not a dedicated CPU of host host']],
  ['a pCPU that the host has not', pinned(99), ['CPU 99 is not a dedicated CPU of host host']],
  ['a shared pCPU for itself', pinned(0), ['CPU 0 is not a dedicated CPU of host host']],
  [
    'dedicated pCPUs to float over',
    { vcpuPins: [{ kind: 'floating', vcpu: vcpuId(0), cpus: CpuSet.parse('0-1') }, placement.vcpuPins[1]!] },
    ['CPUs 0-1 are not all shared CPUs of host host, which are 0'],
  ],
  [
    "another's pCPU for QEMU's own threads", { emulatorCpus: CpuSet.parse('0,5') },
    ["QEMU's own threads are to run on CPU 5, which is no shared CPU of host host"],
  ],
  ['a shared pCPU kept idle', { reservedCpus: CpuSet.of(0), emulatorCpus: CpuSet.empty() }, ['CPU 0 is a shared CPU of host host']],
  [
    'a NUMA node that the host has not', { cells: placement.cells.map((cell) => ({ ...cell, hostNode: numaNodeId(7) })) },
    ['host host has no NUMA node 7'],
  ],
  ['a priority above the highest', { priority: 11 }, ['priority 11 is above the highest of host host, 10']],
  [
    'a device that nobody is given', { devices: [{ name: 'nic', address: '0000:00:1f.0' }] },
    ['device 0000:00:1f.0 is in no device class, and in no network, of host host'],
  ],
])('%s is beyond it', (_, change, said) => {
  expect(beyond(change)).toEqual(said);
});
