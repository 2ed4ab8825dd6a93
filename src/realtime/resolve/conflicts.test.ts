import { describe, expect, test } from 'vitest';
import { CpuSet } from '../cpu-set.ts';
import { refused } from '../problem.ts';
import type { FieldProblem } from '../problem.ts';
import type { NumaSpec, VmSpec } from '../spec.ts';
import type { ResolveContext } from './lookup.ts';
import { checkClass, resolveGuest } from './resolve-guest.ts';
import { classOf, contextOf, imageOf, shapeOf, vmOf, vmWithCpu } from './samples.ts';

type Row = readonly [vm: VmSpec, problems: readonly FieldProblem[], context?: ResolveContext];

const dedicatedOrMixed = 'accepted: policy Dedicated or Mixed';
const inClass = (changes: Partial<VmSpec> = {}) => vmOf({ className: 'rt', inline: undefined, ...changes });
const withNuma = (numa: NumaSpec, sizeMiB = 64) => vmWithCpu({}, { numa, memory: { sizeMiB } });
const cell = (vcpus: string, memoryMiB: number) => ({ vcpus: CpuSet.parse<never>(vcpus), memoryMiB });
const mask = (code: string, value: string, message: string): FieldProblem => ({ code, path: 'spec.cpu.realtime.mask', value, message });

const rows: readonly Row[] = [
  // Class and inline.
  [vmOf({ className: 'rt' }), [{ code: 'CLASS_AND_INLINE', path: 'spec.cpu', message: 'cannot be combined with spec.className "rt", since the class fixes cpu, memory and numa; accepted: className alone, or cpu and memory without it' }]],
  [vmOf({ inline: {} }), [{ code: 'CLASS_OR_INLINE', path: 'spec', message: 'states neither className nor cpu and memory; accepted: one of the two' }]],
  [vmOf({ inline: { cpu: { vcpus: 1 } } }), [{ code: 'INLINE_INCOMPLETE', path: 'spec.memory', message: 'is required in a VM without a className' }]],
  [vmOf({ inline: { numa: { nodes: 1 } } }), [{ code: 'INLINE_INCOMPLETE', path: 'spec.cpu', message: 'is required in a VM without a className' }, { code: 'INLINE_INCOMPLETE', path: 'spec.memory', message: 'is required in a VM without a className' }]],
  [inClass({ className: 'tr' }), [{ code: 'CLASS_MISSING', path: 'spec.className', value: 'tr', message: 'no RealtimeVMClass has this name; did you mean "rt"?' }]],
  [inClass({ className: 'gold', hostDevices: [{ name: 'a', class: 'x', numaAffinity: 'Preferred' }] }), [{ code: 'CLASS_MISSING', path: 'spec.className', value: 'gold', message: 'no RealtimeVMClass has this name; accepted: the name of an existing RealtimeVMClass' }]],
  // Policy.
  [vmWithCpu({ realtime: {} }), [{ code: 'REALTIME_NEEDS_DEDICATED', path: 'spec.cpu.policy', message: `realtime vCPUs need pCPUs of their own, which the default Shared does not give; ${dedicatedOrMixed}` }]],
  [vmWithCpu({ policy: 'Shared', realtime: {} }), [{ code: 'REALTIME_NEEDS_DEDICATED', path: 'spec.cpu.policy', value: 'Shared', message: `realtime vCPUs need pCPUs of their own, which Shared does not give; ${dedicatedOrMixed}` }]],
  [vmWithCpu({ threadPolicy: 'Prefer' }), [{ code: 'THREAD_POLICY_NEEDS_DEDICATED', path: 'spec.cpu.threadPolicy', value: 'Prefer', message: `has no meaning for vCPUs that float (policy is the default Shared); ${dedicatedOrMixed}, or no threadPolicy` }]],
  [vmWithCpu({ policy: 'Shared', emulatorThreads: 'Isolate' }), [{ code: 'ISOLATE_NEEDS_DEDICATED', path: 'spec.cpu.emulatorThreads', value: 'Isolate', message: `cannot be given with policy Shared; ${dedicatedOrMixed}, or emulatorThreads Housekeeping or Share` }]],
  [vmWithCpu({ policy: 'Shared', coreSharing: 'Forbid' }), [{ code: 'CORE_SHARING_NEEDS_DEDICATED', path: 'spec.cpu.coreSharing', value: 'Forbid', message: `cannot be kept with policy Shared, whose vCPUs float over cores that all VMs share; ${dedicatedOrMixed}, or coreSharing Allow` }]],
  [vmWithCpu({ policy: 'Mixed', dedicatedMask: '1', realtime: { mask: '1' } }), [{ code: 'DEDICATED_MASK_WITH_REALTIME', path: 'spec.cpu.dedicatedMask', value: '1', message: 'cannot be combined with realtime, whose mask then names the dedicated vCPUs; accepted: realtime.mask alone' }]],
  [vmWithCpu({ dedicatedMask: '1' }), [{ code: 'DEDICATED_MASK_NEEDS_MIXED', path: 'spec.cpu.dedicatedMask', value: '1', message: 'needs policy Mixed, found the default Shared; accepted: policy Mixed, or no dedicatedMask' }]],
  [vmWithCpu({ policy: 'Dedicated', dedicatedMask: '1' }), [{ code: 'DEDICATED_MASK_NEEDS_MIXED', path: 'spec.cpu.dedicatedMask', value: '1', message: 'needs policy Mixed, found Dedicated; accepted: policy Mixed, or no dedicatedMask' }]],
  [vmWithCpu({ policy: 'Mixed' }), [{ code: 'MIXED_NEEDS_MASK', path: 'spec.cpu.dedicatedMask', message: 'is required with policy Mixed, to say which vCPUs are dedicated; accepted: a mask such as "^0", or realtime, whose mask then says it' }]],
  [vmWithCpu({ policy: 'Mixed', dedicatedMask: '0-3' }), [{ code: 'MIXED_NOTHING_FLOATS', path: 'spec.cpu.dedicatedMask', value: '0-3', message: 'makes every vCPU dedicated, though policy Mixed needs one that floats; accepted: a mask that leaves one out (such as "^0"), or policy Dedicated' }]],
  [vmWithCpu({ policy: 'Mixed', emulatorThreads: 'Isolate', realtime: {} }), [{ code: 'MIXED_NOTHING_FLOATS', path: 'spec.cpu.realtime.mask', message: 'makes every vCPU dedicated, though policy Mixed needs one that floats; accepted: a mask that leaves one out (such as "^0"), or policy Dedicated' }]],
  [vmWithCpu({ policy: 'Mixed', dedicatedMask: '1-x' }), [{ code: 'MASK_SYNTAX', path: 'spec.cpu.dedicatedMask', value: '1-x', message: 'cannot be parsed at item "1-x"; accepted: items N, A-B, ^N or ^A-B, separated by commas' }]],
  [vmWithCpu({ policy: 'Mixed', dedicatedMask: '^0-3' }), [{ code: 'MASK_EMPTY', path: 'spec.cpu.dedicatedMask', value: '^0-3', message: 'leaves no vCPU; accepted: a mask that leaves at least one of vCPUs 0-3' }]],
  // Masks and priority.
  [vmWithCpu({ policy: 'Mixed', realtime: { mask: '5' } }), [mask('MASK_NOT_SUBSET', '5', 'names vCPUs 5, which the guest does not have; accepted: vCPUs 0-3')]],
  [vmWithCpu({ policy: 'Dedicated', realtime: { mask: '0-3' } }), [mask('MASK_NO_HOUSEKEEPING', '0-3', 'names all of vCPUs 0-3, so that none is left for housekeeping; accepted: a mask that leaves one out (such as "^0"), or emulatorThreads Isolate or Share')]],
  [vmOf({ image: 'bad' }), [{ code: 'MASK_SYNTAX', path: 'spec.image.name', value: 'bad', message: 'the image\'s spec.realtimeMask "x": cannot be parsed at item "x"; accepted: items N, A-B, ^N or ^A-B, separated by commas' }], contextOf({ images: [imageOf('bad', { realtimeMask: 'x' })] })],
  [inClass({ image: 'bad' }), [{ code: 'MASK_EMPTY', path: 'spec.image.name', value: 'bad', message: 'the image\'s spec.realtimeMask "^0-9": leaves no vCPU; accepted: a mask that leaves at least one of vCPUs 0-3' }], contextOf({ images: [imageOf('bad', { realtimeMask: '^0-9' })] })],
  [vmWithCpu({ policy: 'Dedicated', realtime: { priority: 100 } }), [{ code: 'PRIORITY_RANGE', path: 'spec.cpu.realtime.priority', value: 100, message: 'is not a SCHED_FIFO priority; accepted: a whole number from 1 to 99' }]],
  [vmWithCpu({ topology: { sockets: 2, cores: 2, threads: 2 } }), [{ code: 'TOPOLOGY_PRODUCT', path: 'spec.cpu.topology', value: { sockets: 2, cores: 2, threads: 2 }, message: 'makes 2 × 2 × 2 = 8 vCPUs, not 4; accepted: sockets × cores × threads equal to vcpus' }]],
  // Memory.
  [vmWithCpu({}, { memory: { sizeMiB: 0 } }), [{ code: 'MEMORY_SIZE', path: 'spec.memory.size', value: '0Mi', message: 'is not a memory size; accepted: 1Mi or more, in whole MiB' }]],
  [vmWithCpu({}, { memory: { sizeMiB: 1536, pageSize: '1Gi' } }), [{ code: 'MEMORY_NOT_WHOLE_PAGES', path: 'spec.memory.size', value: '1536Mi', message: 'is not a whole number of pages of 1Gi (pageSize 1Gi); accepted: a multiple of 1Gi, or another pageSize' }]],
  [vmWithCpu({ policy: 'Dedicated', realtime: {} }, { memory: { sizeMiB: 33 } }), [{ code: 'MEMORY_NOT_WHOLE_PAGES', path: 'spec.memory.size', value: '33Mi', message: 'is not a whole number of pages of 2Mi (pageSize Large); accepted: a multiple of 2Mi, or another pageSize' }]],
  [vmWithCpu({ policy: 'Dedicated', realtime: {} }, { memory: { sizeMiB: 64, locked: false } }), [{ code: 'MEMORY_LOCK_REALTIME', path: 'spec.memory.locked', value: false, message: 'cannot be false in a realtime guest, which a page fault would stop; accepted: true, or no such field' }]],
  // Cells.
  [withNuma({}), [{ code: 'NUMA_NODES_OR_CELLS', path: 'spec.numa', message: 'has neither nodes nor cells; accepted: nodes (a number of even cells) or cells (one by one)' }]],
  [withNuma({ nodes: 1, cells: [cell('0-3', 64)] }), [{ code: 'NUMA_NODES_OR_CELLS', path: 'spec.numa', message: 'has both nodes and cells; accepted: nodes (a number of even cells) or cells (one by one)' }]],
  [withNuma({ nodes: 3 }, 66), [{ code: 'CELLS_UNEVEN_VCPUS', path: 'spec.numa.nodes', value: 3, message: 'does not divide 4 vCPUs evenly; accepted: a divisor of 4, or numa.cells that say which vCPUs go where' }]],
  [withNuma({ nodes: 2 }, 65), [{ code: 'CELLS_UNEVEN_MEMORY', path: 'spec.numa.nodes', value: 2, message: 'does not divide 65Mi of memory into even cells of whole pages (pageSize Small); accepted: memory.size a multiple of 2Mi, or numa.cells that say how much goes where' }]],
  [withNuma({ cells: [cell('0-3', 64), cell('', 0)] }), [{ code: 'CELL_EMPTY', path: 'spec.numa.cells[1].vcpus', value: '', message: 'names no vCPU; accepted: at least one vCPU in each cell' }, { code: 'CELL_NOT_WHOLE_PAGES', path: 'spec.numa.cells[1].memory', value: '0Mi', message: 'is not a whole number of pages of 1Mi (pageSize Small); accepted: a multiple of 1Mi, or another pageSize' }]],
  [withNuma({ cells: [cell('0-4', 64)] }), [{ code: 'CELL_VCPUS_UNKNOWN', path: 'spec.numa.cells[0].vcpus', value: '0-4', message: 'names vCPUs 4, which the guest does not have; accepted: vCPUs 0-3' }]],
  [withNuma({ cells: [cell('0-2', 32), cell('2-3', 32)] }), [{ code: 'CELL_VCPUS_TWICE', path: 'spec.numa.cells[1].vcpus', value: '2-3', message: 'names vCPUs 2, which an earlier cell has; accepted: each vCPU in one cell' }]],
  [withNuma({ cells: [cell('0-1', 32), cell('3', 32)] }), [{ code: 'CELLS_VCPUS_MISSING', path: 'spec.numa.cells', message: 'leave out vCPUs 2; accepted: each of vCPUs 0-3 in one cell' }]],
  [withNuma({ cells: [cell('0-1', 32), cell('2-3', 30)] }), [{ code: 'CELLS_MEMORY_SUM', path: 'spec.numa.cells', message: 'hold 62Mi together, not the 64Mi of memory.size; accepted: cells whose memory adds up to it' }]],
  [vmWithCpu({}, { memory: { sizeMiB: 64, pageSize: '2Mi' }, numa: { cells: [cell('0-1', 33), cell('2-3', 31)] } }), [0, 1].map((index) => ({ code: 'CELL_NOT_WHOLE_PAGES', path: `spec.numa.cells[${index}].memory`, value: `${33 - 2 * index}Mi`, message: 'is not a whole number of pages of 2Mi (pageSize 2Mi); accepted: a multiple of 2Mi, or another pageSize' }))],
  // What it starts from, and disks.
  [vmOf({ image: 'disc' }), [{ code: 'IMAGE_MISSING', path: 'spec.image.name', value: 'disc', message: 'namespace "default" has no RealtimeImage of this name; did you mean "disk"?' }]],
  [vmOf({ disks: [{ name: 'a', persistence: 'Ephemeral', image: 'ubuntu' }] }), [{ code: 'IMAGE_MISSING', path: 'spec.disks[0].image', value: 'ubuntu', message: 'namespace "default" has no RealtimeImage of this name; accepted: the name of a RealtimeImage in the VM\'s own namespace' }]],
  [vmOf({ image: 'other' }), [{ code: 'IMAGE_MISSING', path: 'spec.image.name', value: 'other', message: 'namespace "default" has no RealtimeImage of this name; accepted: the name of a RealtimeImage in the VM\'s own namespace' }], contextOf({ images: [imageOf('other', { namespace: 'elsewhere' })] })],
  [vmOf({ image: 'rom', kernel: { path: 'vmlinuz' } }), [{ code: 'ROM_AND_KERNEL', path: 'spec.kernel.path', value: 'vmlinuz', message: 'cannot be combined with image "rom" of format rom, which is the whole guest; accepted: kernel, or the rom image' }]],
  [vmOf({ image: 'rom', firmware: { type: 'UEFI' } }), [{ code: 'ROM_AND_UEFI', path: 'spec.firmware.type', value: 'UEFI', message: 'cannot be combined with image "rom" of format rom, which takes the firmware\'s place; accepted: BIOS, or no such field' }]],
  [vmOf({ disks: [{ name: 'a', persistence: 'Ephemeral', image: 'rom' }] }), [{ code: 'DISK_ROM', path: 'spec.disks[0].image', value: 'rom', message: 'is of format rom, the whole guest and not a disk; accepted: an image of format raw or qcow2 here, or this one as image: {name: …}' }]],
  [vmOf({ disks: [{ name: 'boot', persistence: 'Ephemeral', emptySizeMiB: 1 }] }), [{ code: 'DISK_DUPLICATE', path: 'spec.disks[0].name', value: 'boot', message: 'is the name of another disk, at spec.image; accepted: a name of its own for each' }]],
  [inClass({ disks: [{ name: 'd', persistence: 'NodeLocal', emptySizeMiB: 1 }] }), [{ code: 'NODE_LOCAL_NOT_ALLOWED', path: 'spec.disks[0].persistence', value: 'NodeLocal', message: 'is not allowed by class "rt"; accepted: Ephemeral' }]],
  // Networks, devices, labels.
  [vmOf({ networks: [{ name: 'a', network: 'n', model: 'virtio' }, { name: 'a', network: 'm', model: 'virtio' }] }), [{ code: 'DEVICE_DUPLICATE', path: 'spec.networks[1].name', value: 'a', message: 'is the name of another network or device, at spec.networks[0].name; accepted: a name of its own for each' }]],
  [inClass({ networks: [{ name: 'a', network: 'lan', model: 'virtio' }], hostDevices: [{ name: 'a', class: 'fec', numaAffinity: 'Required' }] }), [{ code: 'DEVICE_DUPLICATE', path: 'spec.hostDevices[0].name', value: 'a', message: 'is the name of another network or device, at spec.networks[0].name; accepted: a name of its own for each' }]],
  [vmOf({ networks: [{ name: 'a', network: 'n', model: 'virtio', mac: '52:54:00:AA:00:01' }, { name: 'b', network: 'n', model: 'virtio', mac: '52:54:00:aa:00:01' }] }), [{ code: 'MAC_DUPLICATE', path: 'spec.networks[1].mac', value: '52:54:00:aa:00:01', message: 'is the address of another network, at spec.networks[0].mac; accepted: an address of its own for each' }]],
  [inClass({ networks: [{ name: 'a', network: 'wan', model: 'virtio' }] }), [{ code: 'NETWORK_NOT_ALLOWED', path: 'spec.networks[0].network', value: 'wan', message: 'is not allowed by class "rt"; accepted: lan' }]],
  [inClass({ hostDevices: [{ name: 'a', class: 'gpu', numaAffinity: 'Required' }] }), [{ code: 'DEVICE_NOT_ALLOWED', path: 'spec.hostDevices[0].class', value: 'gpu', message: 'is not allowed by class "rt"; accepted: none' }], contextOf({ classes: [classOf({ allow: { networks: [], deviceClasses: [], nodeLocalDisks: false } })] })],
  [vmOf({ hostDevices: [{ name: 'a', class: 'fec', numaAffinity: 'Required' }] }), [{ code: 'DEVICE_INLINE', path: 'spec.hostDevices[0].class', value: 'fec', message: 'is not given to a VM without a className; accepted: a className whose class allows this device class' }]],
  [inClass({ nodeSelector: { 'rtvm.dev/realtime': 'false' } }), [{ code: 'SELECTOR_CONFLICT', path: 'spec.nodeSelector["rtvm.dev/realtime"]', value: 'false', message: 'contradicts class "rt"; accepted: "true", or no such label' }]],
];

describe('each conflict has its own code, at the field that a person wrote', () => {
  test.each(rows.map(([vm, problems, context]) => ({ name: problems.map(({ code, path }) => `${code} ${path}`).join(', '), vm, problems, context })))('$name', ({ vm, problems, context = contextOf() }) => {
    expect(resolveGuest(vm, context)).toEqual(refused(...problems));
  });

  test('everything that is wrong is told at once', () => {
    const vm = vmOf({ inline: shapeOf({ policy: 'Shared', realtime: { mask: 'x', priority: 0 } }, { memory: { sizeMiB: 3, locked: false } }), image: 'none', networks: [] });
    const result = resolveGuest(vm, contextOf());
    expect(result.ok ? [] : result.problems.map(({ code }) => code)).toEqual(['REALTIME_NEEDS_DEDICATED', 'PRIORITY_RANGE', 'MASK_SYNTAX', 'MEMORY_NOT_WHOLE_PAGES', 'MEMORY_LOCK_REALTIME', 'IMAGE_MISSING']);
  });
});

describe('a class', () => {
  const bad = classOf(shapeOf({ policy: 'Dedicated', realtime: { mask: '9' } }));

  test('is checked by itself, at its own fields', () => {
    expect(checkClass(bad)).toEqual(refused(mask('MASK_NOT_SUBSET', '9', 'names vCPUs 9, which the guest does not have; accepted: vCPUs 0-3')));
    expect(checkClass(classOf()).ok).toBe(true);
  });

  test('that is wrong is told where a VM names it', () => {
    expect(resolveGuest(inClass(), contextOf({ classes: [bad] }))).toEqual(refused({ code: 'MASK_NOT_SUBSET', path: 'spec.className', value: 'rt', message: 'the class\'s spec.cpu.realtime.mask "9": names vCPUs 9, which the guest does not have; accepted: vCPUs 0-3' }));
  });
});
