import { describe, expect, test } from 'vitest';
import { CpuSet } from '../cpu-set.ts';
import type { Guest } from '../guest.ts';
import { accepted } from '../problem.ts';
import type { VmSpec } from '../spec.ts';
import type { ResolveContext } from './lookup.ts';
import { resolveGuest } from './resolve-guest.ts';
import { classOf, contextOf, imageOf, shapeOf, vmOf, vmWithCpu } from './samples.ts';

/** What the plain VM of the samples resolves to. */
const plain: Guest = {
  cpu: {
    vcpus: 4,
    policy: 'Shared',
    threadPolicy: 'Prefer',
    coreSharing: 'Allow',
    emulatorThreads: 'Vcpus',
    dedicatedVcpus: CpuSet.empty(),
    topology: { sockets: 1, cores: 4, threads: 1 },
    model: 'host-passthrough',
  },
  memory: { sizeMiB: 64, pageSize: 'Small', locked: false },
  cells: [],
  boot: { kind: 'firmware', type: 'BIOS' },
  disks: [{ name: 'boot', persistence: 'Ephemeral', kind: 'image', image: { name: 'disk', format: 'qcow2', source: { kind: 'path', path: 'disk.qcow2' } } }],
  networks: [],
  hostDevices: [],
  ioThreads: 0,
  uuid: '6b3f1d0e-58b1-4a0c-9e0b-2f6f0d1c7a11',
  packing: 'Spread',
  nodeSelector: {},
  runStrategy: 'Always',
  terminationGracePeriodSeconds: 60,
  inline: true,
};

/** The same with four dedicated vCPUs, of which 1-3 are realtime. */
const realtime: Guest = {
  ...plain,
  cpu: { ...plain.cpu, policy: 'Dedicated', coreSharing: 'Forbid', emulatorThreads: 'Housekeeping', dedicatedVcpus: CpuSet.of(0, 1, 2, 3), realtime: { vcpus: CpuSet.of(1, 2, 3), priority: 1 } },
  memory: { sizeMiB: 64, pageSize: 'Large', locked: true },
  cells: [{ vcpus: CpuSet.of(0, 1, 2, 3), memoryMiB: 64 }],
};

const one = { ...plain.cpu, vcpus: 1, topology: { sockets: 1, cores: 1, threads: 1 } };

describe('a guest has nothing left to default', () => {
  test.each<[string, VmSpec, Guest, ResolveContext?]>([
    ['a plain VM floats, in no cell', vmOf(), plain],
    ['huge pages give a plain VM a cell', vmWithCpu({}, { memory: { sizeMiB: 64, pageSize: '2Mi' } }), { ...plain, memory: { sizeMiB: 64, pageSize: '2Mi', locked: false }, cells: realtime.cells }],
    ['so does a request for any pages', vmWithCpu({}, { memory: { sizeMiB: 63, pageSize: 'Any' } }), { ...plain, memory: { sizeMiB: 63, pageSize: 'Any', locked: false }, cells: [{ vcpus: CpuSet.of(0, 1, 2, 3), memoryMiB: 63 }] }],
    ['so does numa', vmWithCpu({}, { numa: { nodes: 2 } }), { ...plain, cells: [{ vcpus: CpuSet.of(0, 1), memoryMiB: 32 }, { vcpus: CpuSet.of(2, 3), memoryMiB: 32 }] }],
    ['realtime: large locked pages, no shared core, vCPU 0 for housekeeping', vmWithCpu({ policy: 'Dedicated', realtime: {} }), realtime],
    ['dedicated without realtime', vmWithCpu({ policy: 'Dedicated' }), { ...plain, cpu: { ...plain.cpu, policy: 'Dedicated', dedicatedVcpus: CpuSet.of(0, 1, 2, 3) }, cells: realtime.cells }],
    ['mixed: the realtime mask names the dedicated vCPUs', vmWithCpu({ policy: 'Mixed', realtime: { mask: '2-3', priority: 9 } }), { ...realtime, cpu: { ...realtime.cpu, policy: 'Mixed', dedicatedVcpus: CpuSet.of(2, 3), realtime: { vcpus: CpuSet.of(2, 3), priority: 9 } } }],
    ['mixed without realtime: dedicatedMask names them', vmWithCpu({ policy: 'Mixed', dedicatedMask: '^0-1' }), { ...plain, cpu: { ...plain.cpu, policy: 'Mixed', dedicatedVcpus: CpuSet.of(2, 3) }, cells: realtime.cells }],
    ['one vCPU, all realtime, the emulator elsewhere', vmWithCpu({ vcpus: 1, policy: 'Dedicated', emulatorThreads: 'Isolate', realtime: {} }), { ...realtime, cpu: { ...realtime.cpu, ...one, policy: 'Dedicated', coreSharing: 'Forbid', emulatorThreads: 'Isolate', dedicatedVcpus: CpuSet.of(0), realtime: { vcpus: CpuSet.of(0), priority: 1 } }, cells: [{ vcpus: CpuSet.of(0), memoryMiB: 64 }] }],
    ['all vCPUs realtime, the emulator on shared CPUs', vmWithCpu({ policy: 'Dedicated', emulatorThreads: 'Share', realtime: { mask: '0-3' } }), { ...realtime, cpu: { ...realtime.cpu, emulatorThreads: 'Share', realtime: { vcpus: CpuSet.of(0, 1, 2, 3), priority: 1 } } }],
    ['given cells need not be contiguous or even', vmWithCpu({ policy: 'Dedicated' }, { numa: { cells: [{ vcpus: CpuSet.of(0, 2, 3), memoryMiB: 48 }, { vcpus: CpuSet.of(1), memoryMiB: 16 }] } }), { ...plain, cpu: { ...plain.cpu, policy: 'Dedicated', dedicatedVcpus: CpuSet.of(0, 1, 2, 3) }, cells: [{ vcpus: CpuSet.of(0, 2, 3), memoryMiB: 48 }, { vcpus: CpuSet.of(1), memoryMiB: 16 }] }],
    ['the image\'s mask goes before the VM\'s', vmOf({ inline: shapeOf({ policy: 'Dedicated', realtime: { mask: '^0' } }), image: 'rt' }), { ...realtime, cpu: { ...realtime.cpu, realtime: { vcpus: CpuSet.of(2, 3), priority: 1 } }, disks: [{ name: 'boot', persistence: 'Ephemeral', kind: 'image', image: { name: 'rt', format: 'qcow2', source: { kind: 'path', path: 'rt.qcow2' } } }] }, contextOf({ images: [imageOf('rt', { realtimeMask: '^0-1' })] })],
    ['a blank image mask is none', vmOf({ inline: shapeOf({ policy: 'Dedicated', realtime: { mask: '^1' } }), image: 'rt' }), { ...realtime, cpu: { ...realtime.cpu, realtime: { vcpus: CpuSet.of(0, 2, 3), priority: 1 } }, disks: [{ name: 'boot', persistence: 'Ephemeral', kind: 'image', image: { name: 'rt', format: 'qcow2', source: { kind: 'path', path: 'rt.qcow2' } } }] }, contextOf({ images: [imageOf('rt', { realtimeMask: ' ' })] })],
    ['without a short form the first disk with an image is what the VM starts from', vmOf({ inline: shapeOf({ policy: 'Dedicated', realtime: {} }), image: undefined, disks: [{ name: 'a', persistence: 'NodeLocal', emptySizeMiB: 8 }, { name: 'b', persistence: 'Ephemeral', image: 'rt' }, { name: 'c', persistence: 'Ephemeral', image: 'disk' }] }), { ...realtime, cpu: { ...realtime.cpu, realtime: { vcpus: CpuSet.of(3), priority: 1 } }, disks: [{ name: 'a', persistence: 'NodeLocal', kind: 'empty', sizeMiB: 8 }, { name: 'b', persistence: 'Ephemeral', kind: 'image', image: { name: 'rt', format: 'qcow2', source: { kind: 'path', path: 'rt.qcow2' } } }, { ...plain.disks[0]!, name: 'c' }] }, contextOf({ images: [imageOf('rt', { realtimeMask: '3' })] })],
    ['a rom is what the machine starts with, and no disk', vmOf({ image: 'rom' }), { ...plain, boot: { kind: 'rom', image: { name: 'rom', format: 'rom', source: { kind: 'path', path: 'probe.rom' } } }, disks: [] }],
    ['a kernel, with the disk beside it', vmOf({ kernel: { path: 'vmlinuz', initrd: 'initrd', args: 'quiet' }, firmware: { type: 'UEFI', uuid: '11111111-2222-3333-4444-555555555555' } }), { ...plain, boot: { kind: 'kernel', type: 'UEFI', path: 'vmlinuz', initrd: 'initrd', args: 'quiet' }, uuid: '11111111-2222-3333-4444-555555555555' }],
    ['a class fixes the shape; labels come together', vmOf({ className: 'rt', inline: undefined, nodeSelector: { zone: 'a' }, networks: [{ name: 'n', network: 'lan', model: 'virtio' }], hostDevices: [{ name: 'f', class: 'fec', numaAffinity: 'Required' }], maxLatencyMicroseconds: 20 }), { ...realtime, packing: 'Pack', nodeSelector: { 'rtvm.dev/realtime': 'true', zone: 'a' }, networks: [{ name: 'n', network: 'lan', model: 'virtio' }], hostDevices: [{ name: 'f', class: 'fec', numaAffinity: 'Required' }], maxLatencyMicroseconds: 20, inline: false }],
    ['a class may allow disks on the node', vmOf({ className: 'rt', inline: {}, disks: [{ name: 'd', persistence: 'NodeLocal', emptySizeMiB: 8 }] }), { ...realtime, packing: 'Pack', nodeSelector: { 'rtvm.dev/realtime': 'true' }, disks: [...plain.disks, { name: 'd', persistence: 'NodeLocal', kind: 'empty', sizeMiB: 8 }], inline: false }, contextOf({ classes: [classOf({ allow: { networks: [], deviceClasses: [], nodeLocalDisks: true } })] })],
  ])('%s', (_, vm, expected, context = contextOf()) => {
    expect(resolveGuest(vm, context)).toEqual(accepted(expected));
  });
});

describe('what is allowed but worth a word is a warning', () => {
  test.each<[string, string, VmSpec]>([
    ['REALTIME_SHARES_CORES', 'spec.cpu.coreSharing', vmWithCpu({ policy: 'Dedicated', coreSharing: 'Allow', realtime: {} })],
    ['REALTIME_SMALL_PAGES', 'spec.memory.pageSize', vmWithCpu({ policy: 'Dedicated', realtime: {} }, { memory: { sizeMiB: 64, pageSize: 'Small' } })],
    ['NOTHING_TO_BOOT', 'spec', vmOf({ image: undefined })],
  ])('%s', (code, path, vm) => {
    const result = resolveGuest(vm, contextOf());
    expect(result.ok ? result.warnings : result.problems).toEqual([expect.objectContaining({ code, path })]);
    expect(result.ok).toBe(true);
  });

  test('one about a class is told where the VM names it', () => {
    const context = contextOf({ classes: [classOf(shapeOf({ policy: 'Dedicated', coreSharing: 'Allow', realtime: {} }))] });
    const result = resolveGuest(vmOf({ className: 'rt', inline: undefined }), context);
    expect(result.ok && result.warnings.map(({ code, path, value }) => ({ code, path, value }))).toEqual([{ code: 'REALTIME_SHARES_CORES', path: 'spec.className', value: 'rt' }]);
  });
});
