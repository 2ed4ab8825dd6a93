import fc from 'fast-check';
import { dump, load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { CpuSet } from '../realtime/cpu-set.ts';
import type { Guest, GuestBoot, GuestDisk, GuestImage } from '../realtime/guest.ts';
import { numaNodeId, vcpuId } from '../realtime/ids.ts';
import type { VcpuId } from '../realtime/ids.ts';
import type { Placement, VcpuPin } from '../realtime/placement.ts';
import { accepted, refused } from '../realtime/problem.ts';
import type { ImageSource } from '../realtime/spec.ts';
import { guest as guestSchema } from './guest-schema.ts';
import { guestFromWire, guestToWire } from './guest-wire.ts';
import { placement as placementSchema } from './placement-schema.ts';
import { placementFromWire, placementToWire } from './placement-wire.ts';

const cpuSets = fc.uniqueArray(fc.nat(200)).map((cpus) => CpuSet.from(cpus));
const vcpuSets = fc.uniqueArray(fc.nat(31)).map((vcpus) => CpuSet.from<VcpuId>(vcpus));
const names = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
const optional = <Value>(values: fc.Arbitrary<Value>) => fc.option(values, { nil: undefined });
const addresses = fc.tuple(fc.nat(255), fc.nat(31), fc.nat(7)).map(([bus, slot, fn]) => `0000:${bus.toString(16).padStart(2, '0')}:${slot.toString(16).padStart(2, '0')}.${fn}`);

const pins: fc.Arbitrary<readonly VcpuPin[]> = fc.array(fc.oneof(fc.nat(255), cpuSets), { maxLength: 32 }).map((all) => all.map((to, index) => {
  const vcpu = vcpuId(index);
  return typeof to === 'number' ? { kind: 'dedicated', vcpu, cpu: CpuSet.of(to).first! } : { kind: 'floating', vcpu, cpus: to };
}));

const placements: fc.Arbitrary<Placement> = fc.record({
  host: names,
  cells: fc.array(fc.record({ cell: fc.nat(15), hostNode: fc.nat(15).map(numaNodeId), vcpus: vcpuSets, memoryMiB: fc.integer({ min: 1, max: 1e6 }), pageSizeKiB: fc.constantFrom(4, 2048, 1048576) }), { maxLength: 4 }),
  vcpuPins: pins,
  realtimeVcpus: vcpuSets,
  emulatorCpus: cpuSets,
  priority: optional(fc.integer({ min: 1, max: 99 })),
  reservedCpus: cpuSets,
  devices: fc.array(fc.record({ name: names, address: addresses }), { maxLength: 3 }),
  extraMemoryMiB: fc.nat(4096),
});

const sources: fc.Arbitrary<ImageSource> = fc.oneof(
  fc.record({ kind: fc.constant('path' as const), path: names, sha256: optional(fc.constant('a'.repeat(64))) }),
  fc.record({ kind: fc.constant('url' as const), url: names.map((name) => `https://${name}/image`), sha256: fc.constant('b'.repeat(64)) }),
);
const images: fc.Arbitrary<GuestImage> = fc.record({ name: names, format: fc.constantFrom('raw', 'qcow2', 'rom'), source: sources });
const persistences = fc.constantFrom('Ephemeral' as const, 'NodeLocal' as const);
const disks: fc.Arbitrary<GuestDisk> = fc.oneof(
  fc.record({ name: names, persistence: persistences, kind: fc.constant('image' as const), image: images }),
  fc.record({ name: names, persistence: persistences, kind: fc.constant('empty' as const), sizeMiB: fc.integer({ min: 1, max: 1e6 }) }),
);
const firmware = fc.constantFrom('BIOS' as const, 'UEFI' as const);
const boots: fc.Arbitrary<GuestBoot> = fc.oneof(
  fc.record({ kind: fc.constant('firmware' as const), type: firmware }),
  fc.record({ kind: fc.constant('rom' as const), image: images }),
  fc.record({ kind: fc.constant('kernel' as const), type: firmware, path: names, initrd: optional(names), args: optional(names) }),
);

const guests: fc.Arbitrary<Guest> = fc.record({
  cpu: fc.record({
    vcpus: fc.integer({ min: 1, max: 255 }),
    policy: fc.constantFrom('Shared', 'Dedicated', 'Mixed'),
    threadPolicy: fc.constantFrom('Prefer', 'Require', 'Isolate'),
    coreSharing: fc.constantFrom('Forbid', 'Allow'),
    emulatorThreads: fc.constantFrom('Housekeeping', 'Share', 'Isolate', 'Vcpus'),
    dedicatedVcpus: vcpuSets,
    topology: fc.record({ sockets: fc.integer({ min: 1, max: 4 }), cores: fc.integer({ min: 1, max: 16 }), threads: fc.integer({ min: 1, max: 4 }) }),
    model: fc.constant('host-passthrough'),
    realtime: optional(fc.record({ vcpus: vcpuSets, priority: fc.integer({ min: 1, max: 99 }) })),
  }),
  memory: fc.record({ sizeMiB: fc.integer({ min: 1, max: 1e6 }), pageSize: fc.constantFrom('Small', 'Large', 'Any', '2Mi', '1Gi'), locked: fc.boolean() }),
  cells: fc.array(fc.record({ vcpus: vcpuSets, memoryMiB: fc.integer({ min: 1, max: 1e6 }) }), { maxLength: 4 }),
  boot: boots,
  disks: fc.array(disks, { maxLength: 3 }),
  cloudInit: optional(fc.record({ userData: fc.stringMatching(/^[ -~\n]*$/), metaData: optional(names), networkConfig: optional(names) })),
  networks: fc.array(fc.record({ name: names, network: names, model: fc.constantFrom('virtio', 'e1000e'), mac: optional(fc.constant('52:54:00:12:34:56')) }), { maxLength: 3 }),
  hostDevices: fc.array(fc.record({ name: names, class: names, numaAffinity: fc.constantFrom('Required', 'Preferred') }), { maxLength: 3 }),
  ioThreads: fc.nat(16),
  uuid: fc.uuid(),
  packing: fc.constantFrom('Spread', 'Pack'),
  nodeSelector: fc.dictionary(names, names, { maxKeys: 3, noNullPrototype: true }),
  maxLatencyMicroseconds: optional(fc.integer({ min: 1, max: 1000 })),
  runStrategy: fc.constantFrom('Always', 'RerunOnFailure', 'Once', 'Halted'),
  terminationGracePeriodSeconds: fc.nat(3600),
  inline: fc.boolean(),
});

/** Through a file, as the directory store keeps it. */
const stored = (wire: unknown): unknown => load(dump(wire));

describe('placements', () => {
  test('have the form that the command line documents', () => {
    expect(placementToWire({
      host: 'host-a',
      cells: [{ cell: 0, hostNode: numaNodeId(1), vcpus: CpuSet.of(0, 1), memoryMiB: 512, pageSizeKiB: 2048 }],
      vcpuPins: [{ kind: 'floating', vcpu: vcpuId(0), cpus: CpuSet.of(0, 1) }, { kind: 'dedicated', vcpu: vcpuId(1), cpu: CpuSet.of(4).first! }],
      realtimeVcpus: CpuSet.of(1),
      emulatorCpus: CpuSet.of(0, 1),
      priority: 1,
      reservedCpus: CpuSet.of(5),
      devices: [{ name: 'nic', address: '0000:3b:00.1' }],
      extraMemoryMiB: 200,
    })).toStrictEqual({
      nodeName: 'host-a',
      cells: [{ cell: 0, numaNode: 1, vcpus: '0-1', memoryMiB: 512, pageSize: '2Mi' }],
      vcpuPins: [{ vcpu: 0, cpus: '0-1' }, { vcpu: 1, cpu: 4 }],
      realtimeVcpus: '1',
      emulatorCpus: '0-1',
      priority: 1,
      reservedCpus: '5',
      devices: [{ name: 'nic', address: '0000:3b:00.1' }],
      extraMemoryMiB: 200,
    });
  });

  test('come back from their file as the same value', () => {
    fc.assert(fc.property(placements, (placement) => {
      const wire = placementSchema.parse(stored(placementToWire(placement)));
      expect(placementFromWire(wire, 'p')).toEqual(accepted(placement));
    }));
  });

  test.each([
    [{ vcpu: 0 }, 'has neither cpu nor cpus'],
    [{ vcpu: 0, cpu: 1, cpus: '2' }, 'has both cpu and cpus'],
  ])('refuse the pin %j', (pin, message) => {
    const wire = { nodeName: 'a', cells: [], vcpuPins: [pin], realtimeVcpus: '', emulatorCpus: '', reservedCpus: '', devices: [], extraMemoryMiB: 0 };
    expect(placementFromWire(wire, 'spec.guests[0].placement')).toEqual(refused({ code: 'PLACEMENT_PIN', path: 'spec.guests[0].placement.vcpuPins[0]', message: `${message}; accepted: cpu for a dedicated vCPU, cpus for one that floats` }));
  });
});

describe('guests', () => {
  test('come back from their file as the same value', () => {
    fc.assert(fc.property(guests, (guest) => {
      const wire = guestSchema.parse(stored(guestToWire(guest)));
      expect(guestFromWire(wire, 'g')).toEqual(accepted(guest));
    }));
  });

  test.each([
    [{ boot: { kind: 'firmware' as const } }, 'GUEST_BOOT', 'g.boot.type', 'is required with kind firmware'],
    [{ boot: { kind: 'rom' as const } }, 'GUEST_BOOT', 'g.boot.image', 'is required with kind rom'],
    [{ boot: { kind: 'kernel' as const, type: 'BIOS' as const } }, 'GUEST_BOOT', 'g.boot.path', 'is required with kind kernel'],
    [{ disks: [{ name: 'd', persistence: 'Ephemeral' as const }] }, 'GUEST_DISK', 'g.disks[0]', 'has neither image nor emptyMiB; accepted: one of them'],
  ])('refuse %j', (changes, code, path, message) => {
    const [sample] = fc.sample(guests, { numRuns: 1, seed: 1 });
    expect(guestFromWire({ ...guestToWire(sample!), ...changes }, 'g')).toEqual(refused({ code, path, message }));
  });
});
