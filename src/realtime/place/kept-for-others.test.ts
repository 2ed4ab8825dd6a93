import { describe, expect, it } from 'vitest';
import { CpuSet, unionOf } from '../cpu-set.ts';
import type { HostDevice, HostInventory } from '../host.ts';
import { numaNodeId } from '../ids.ts';
import { pinCpus } from '../placement.ts';
import { Cluster } from './cluster.ts';
import { claimedCpus, sampleGuest, sampleHost } from './sample-hosts.ts';
import type { SampleGuest } from './sample-hosts.ts';

/** One node of three L3 groups of three CPUs. */
const threes = {
  nodes: ['0-8'],
  rest: { caches: ['0-2', '3-5', '6-8'].map((cpus) => ({ level: 3, cpus: CpuSet.parse(cpus) })) },
};
const at = (bus: string, node?: number): HostDevice => ({
  address: `0000:${bus}:00.0`,
  ...(node === undefined ? {} : { numaNode: numaNodeId(node) }),
});
const nic = (...devices: readonly HostDevice[]): Partial<HostInventory> => ({ deviceClasses: [{ name: 'nic', devices }] });
const preferring = (count = 1) => ({
  hostDevices: Array.from({ length: count }, (_, index) => ({
    name: `d${index}`,
    class: 'nic',
    numaAffinity: 'Preferred' as const,
  })),
});

it('two guests of one L3 each leave the third group whole', () => {
  const cluster = new Cluster([sampleHost(threes)], []);
  for (const [uid, vcpus, expected] of [
    ['a', 1, '0'],
    ['b', 3, '3-5'],
    ['c', 2, '1-2'],
    ['d', 3, '6-8'],
  ] as const) {
    const decision = cluster.decide(sampleGuest({ vcpus }));
    if (decision.kind === 'refused') throw new Error(JSON.stringify(decision));
    cluster.commit(uid, decision.placement);
    expect(unionOf(decision.placement.vcpuPins.map((pin) => pinCpus(pin))).toString()).toBe(expected);
  }
});

describe('hosts with devices', () => {
  const hosts = [
    sampleHost({ name: 'a', nodes: ['0-7'], rest: nic(at('3b', 0), at('5e')) }),
    sampleHost({ name: 'b', nodes: ['0-3'] }),
  ];
  const hostOf = (cluster: Cluster, guest: SampleGuest) => {
    const decision = cluster.decide(sampleGuest(guest));
    return decision.kind === 'placed' ? decision.placement.host : 'none';
  };

  it('are kept for guests that ask for one, as long as another host will do', () => {
    const cluster = new Cluster(hosts, [claimedCpus('b', '0')]);
    expect([2, 3, 4].map((vcpus) => hostOf(cluster, { vcpus }))).toEqual(['b', 'b', 'a']);
    expect(hostOf(cluster, { vcpus: 2, rest: preferring() })).toBe('a');
  });

  it('are like others once their devices are taken, and until they are given back', () => {
    const cluster = new Cluster(hosts, []);
    const both = cluster.decide(sampleGuest({ vcpus: 2, rest: preferring(2) }));
    if (both.kind === 'refused') throw new Error(JSON.stringify(both));
    cluster.commit('both', both.placement);
    expect(hostOf(cluster, { vcpus: 2 })).toBe('a');
    cluster.release('both');
    expect(hostOf(cluster, { vcpus: 2 })).toBe('b');
  });
});
