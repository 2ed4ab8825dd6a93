import { expect, test } from 'vitest';
import { CpuSet } from '../realtime/cpu-set.ts';
import { accepted } from '../realtime/problem.ts';
import { realtimeVmClass } from './realtime-vm-class.ts';
import { realtimeVm } from './realtime-vm.ts';
import { toClassSpec } from './to-class-spec.ts';
import { provisionalUid, toVmSpec } from './to-vm-spec.ts';

const uid = '0f0e0d0c-0b0a-4908-8706-050403020100';

test('every field of a VM arrives', () => {
  const vm = realtimeVm.parse({
    apiVersion: 'rtvm.dev/v1alpha1',
    kind: 'RealtimeVM',
    metadata: { name: 'a', namespace: 'b', uid, generation: 3 },
    spec: {
      cpu: { vcpus: 2, policy: 'Dedicated', topology: { sockets: 1, cores: 1, threads: 2 }, realtime: { mask: '1', priority: 5 } },
      memory: { size: '2Gi', pageSize: '1Gi', locked: true },
      numa: { cells: [{ vcpus: '0', memory: '1Gi' }, { vcpus: '1', memory: '1024Mi' }] },
      latency: { maxMicroseconds: 20 },
      image: { name: 'i' },
      disks: [{ name: 'd', image: 'j', persistence: 'NodeLocal' }, { name: 'e', emptySize: '1Gi' }],
      kernel: { path: 'vmlinuz', initrd: 'initrd', args: 'quiet' },
      cloudInit: { userData: 'u', metaData: 'm', networkConfig: 'n' },
      networks: [{ name: 'n', network: 'lan', model: 'e1000e', mac: '52:54:00:12:34:56' }],
      hostDevices: [{ name: 'h', class: 'fec' }],
      ioThreads: 1,
      firmware: { type: 'UEFI', uuid: 'AABBCCDD-0000-0000-0000-000000000001' },
      tolerations: [{ key: 'team', operator: 'Exists', effect: 'NoSchedule' }],
      runStrategy: 'Once',
      restartedAt: '2026-01-31T12:00:00Z',
      nodeSelector: { zone: 'z' },
      placementPriority: 7,
      terminationGracePeriodSeconds: 5,
    },
  });
  expect(toVmSpec(vm)).toEqual(accepted({
    identity: { namespace: 'b', name: 'a', uid },
    generation: 3,
    className: undefined,
    inline: {
      cpu: { vcpus: 2, policy: 'Dedicated', topology: { sockets: 1, cores: 1, threads: 2 }, realtime: { mask: '1', priority: 5 } },
      memory: { sizeMiB: 2048, pageSize: '1Gi', locked: true },
      numa: { nodes: undefined, cells: [{ vcpus: CpuSet.of(0), memoryMiB: 1024 }, { vcpus: CpuSet.of(1), memoryMiB: 1024 }] },
    },
    maxLatencyMicroseconds: 20,
    image: 'i',
    disks: [{ name: 'd', persistence: 'NodeLocal', image: 'j' }, { name: 'e', persistence: 'Ephemeral', emptySizeMiB: 1024 }],
    kernel: { path: 'vmlinuz', initrd: 'initrd', args: 'quiet' },
    cloudInit: { userData: 'u', metaData: 'm', networkConfig: 'n' },
    networks: [{ name: 'n', network: 'lan', model: 'e1000e', mac: '52:54:00:12:34:56' }],
    hostDevices: [{ name: 'h', class: 'fec', numaAffinity: 'Preferred' }],
    ioThreads: 1,
    firmware: { type: 'UEFI', uuid: 'aabbccdd-0000-0000-0000-000000000001' },
    nodeSelector: { zone: 'z' },
    tolerations: [{ key: 'team', operator: 'Exists', value: undefined, effect: 'NoSchedule' }],
    runStrategy: 'Once',
    restartedAt: '2026-01-31T12:00:00Z',
    terminationGracePeriodSeconds: 5,
    placementPriority: 7,
  }));
});

test('every field of a class arrives', () => {
  const vmClass = realtimeVmClass.parse({
    apiVersion: 'rtvm.dev/v1alpha1',
    kind: 'RealtimeVMClass',
    metadata: { name: 'c' },
    spec: { cpu: { vcpus: 4 }, memory: { size: '1Gi' }, numa: { nodes: 2 }, nodeSelector: { a: 'b' }, packing: 'Pack', allow: { networks: ['lan'] } },
  });
  expect(toClassSpec(vmClass)).toEqual(accepted({
    name: 'c',
    cpu: { vcpus: 4 },
    memory: { sizeMiB: 1024 },
    numa: { nodes: 2 },
    nodeSelector: { a: 'b' },
    packing: 'Pack',
    allow: { networks: ['lan'], deviceClasses: [], nodeLocalDisks: false },
  }));
});

test('a VM that no store has seen has a UID made from its name', () => {
  const uuidV8 = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/;
  expect(provisionalUid('a', 'b')).toMatch(uuidV8);
  expect(provisionalUid('a', 'b')).toBe(provisionalUid('a', 'b'));
  expect(provisionalUid('a', 'b')).not.toBe(provisionalUid('a', 'c'));
});
