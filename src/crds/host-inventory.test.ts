import fc from 'fast-check';
import { dump } from 'js-yaml';
import { expect, test } from 'vitest';
import { CpuSet } from '../realtime/cpu-set.ts';
import type { HostDevice, HostInventory, HostNetwork } from '../realtime/host.ts';
import { numaNodeId } from '../realtime/ids.ts';
import { accepted } from '../realtime/problem.ts';
import { fromInventory } from './from-inventory.ts';
import { parseFiles } from './parse-files.ts';
import { realtimeNode } from './realtime-node.ts';
import { toHostInventory } from './to-host-inventory.ts';

/** A host of up to four NUMA nodes, with SMT of one, two or four threads; each CPU dedicated, shared or neither. */
const hosts: fc.Arbitrary<HostInventory> = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }), fc.constantFrom(1, 2, 4), fc.infiniteStream(fc.nat())).map(([nodes, coresOfNode, threads, numbers]): HostInventory => {
  const next = (below: number): number => Number(numbers.next().value) % below;
  const cpusOfNode = coresOfNode * threads;
  const all = nodes * cpusOfNode;
  const uses = Array.from({ length: all }, () => next(3));
  const used = (use: number) => CpuSet.from(uses.flatMap((each, cpu) => (each === use ? [cpu] : [])));
  const nodeIds = Array.from({ length: nodes }, (_, index) => numaNodeId(index * 2));
  // The host NUMA node of a device is a fact about its address, wherever that is listed.
  const device = (index: number): HostDevice => ({ address: `0000:3b:0${index}.0`, ...(index % 3 === 0 ? {} : { numaNode: nodeIds[index % nodes]! }) });
  const networks: readonly HostNetwork[] = [
    { name: 'lan', openToInline: true, kind: 'bridge', bridge: 'br0' },
    { name: 'mgmt', openToInline: false, kind: 'macvtap', device: 'eth0' },
    { name: 'fronthaul', openToInline: false, kind: 'sriov', devices: [device(0), device(1), device(2)] },
    { name: 'dpdk', openToInline: false, kind: 'vhostUser', socketDirectory: '/run/vhost' },
  ];
  const total = next(1000);
  return {
    name: 'host-a',
    labels: { 'rtvm.dev/realtime': String(next(2) === 0) },
    numaNodes: nodeIds.map((id, index) => ({
      id,
      cpus: CpuSet.range(index * cpusOfNode, (index + 1) * cpusOfNode - 1),
      memoryMiB: next(1e6),
      distances: nodeIds.map((other) => (other === id ? 10 : 21)),
      hugepages: [{ sizeKiB: 2048, total, free: next(total + 1) }, { sizeKiB: 1048576, total: 4, free: 4 }],
    })),
    cores: Array.from({ length: nodes * coresOfNode }, (_, core) => CpuSet.range(core * threads, (core + 1) * threads - 1)),
    caches: nodeIds.map((_, index) => ({ level: 3, cpus: CpuSet.range(index * cpusOfNode, (index + 1) * cpusOfNode - 1) })),
    dedicatedCpus: used(0),
    sharedCpus: used(1),
    vcpusPerSharedCpu: 1 + next(8),
    reservedHugepages: [{ numaNode: nodeIds[0]!, sizeKiB: 2048, count: next(total + 1) }],
    unschedulable: next(2) === 0,
    maxPriority: 1 + next(99),
    networks: networks.slice(next(4)),
    deviceClasses: next(2) === 0 ? [] : [{ name: 'fec', devices: [device(4), device(1)] }],
    latencyMicroseconds: next(2) === 0 ? undefined : next(100),
  };
});

test('an inventory that is printed reads back as the same', () => {
  fc.assert(fc.property(hosts, (host) => {
    const printed = dump(fromInventory(host), { noRefs: true });
    const { documents, problems } = parseFiles([{ file: 'host.yaml', text: printed }]);
    expect(problems).toEqual([]);
    const [document] = documents;
    expect(document?.resource.kind === 'RealtimeNode' && toHostInventory(document.resource)).toEqual(accepted(host));
  }));
});

test('what a status has beside the topology stays', () => {
  const [host] = fc.sample(hosts, { numRuns: 1, seed: 7 });
  const extras = {
    versions: { kernel: '6.12.0-rt', libvirt: '11.3.0', qemu: '10.0.0' },
    checks: [{ name: 'swap', result: 'Pass' as const, observed: 'none', wanted: 'none' }],
    latency: { maxMicroseconds: 12, measuredAt: '2026-01-31T12:00:00Z', durationSeconds: 3600 },
  };
  const node = realtimeNode.parse(fromInventory(host!, extras));
  expect(node.status).toMatchObject(extras);
  expect(toHostInventory(node)).toEqual(accepted({ ...host!, latencyMicroseconds: 12 }));
});

test('what a person may leave out has its default', () => {
  const { documents } = parseFiles([{ file: 'f', text: `
apiVersion: rtvm.dev/v1alpha1
kind: RealtimeNode
metadata: {name: a}
status: {topology: {numaNodes: [{id: 0, cpus: "0-1", memoryMiB: 64, hugepages: [{size: 2Mi, total: 3}]}, {id: 1, cpus: "2", memoryMiB: 64}]}}
` }]);
  const [document] = documents;
  expect(document?.resource.kind === 'RealtimeNode' && toHostInventory(document.resource)).toEqual(accepted({
    name: 'a',
    labels: {},
    numaNodes: [
      { id: 0, cpus: CpuSet.of(0, 1), memoryMiB: 64, distances: [10, 20], hugepages: [{ sizeKiB: 2048, total: 3, free: 3 }] },
      { id: 1, cpus: CpuSet.of(2), memoryMiB: 64, distances: [20, 10], hugepages: [] },
    ],
    cores: [CpuSet.of(0), CpuSet.of(1), CpuSet.of(2)],
    caches: [],
    dedicatedCpus: CpuSet.empty(),
    sharedCpus: CpuSet.empty(),
    vcpusPerSharedCpu: 4,
    reservedHugepages: [],
    unschedulable: false,
    maxPriority: 49,
    networks: [],
    deviceClasses: [],
    latencyMicroseconds: undefined,
  }));
});

test.each([
  ['False', 'no /dev/kvm; load kvm_intel'],
  ['True', undefined],
  ['Unknown', undefined],
])('a RealtimeNode whose condition Ready is %s is not ready for: %s', (status, why) => {
  const { documents } = parseFiles([{ file: 'f', text: `apiVersion: rtvm.dev/v1alpha1
kind: RealtimeNode
metadata: {name: a}
status:
  topology: {numaNodes: [{id: 0, cpus: "0-1", memoryMiB: 64}]}
  conditions:
  - {type: RealtimeReady, status: "False", reason: ChecksFailed, message: isolated-cpus, lastTransitionTime: "2026-01-31T12:00:00Z"}
  - {type: Ready, status: "${status}", reason: KvmUnavailable, message: no /dev/kvm; load kvm_intel, lastTransitionTime: "2026-01-31T12:00:00Z"}
` }]);
  const [document] = documents;
  const inventory = document?.resource.kind === 'RealtimeNode' ? toHostInventory(document.resource) : undefined;
  expect(inventory?.ok === true && inventory.value.notReady).toBe(why);
});
