/** RealtimeVM: one virtual machine. Spec: people. Status: the controller alone. */
import * as z from 'zod';
import type { DeepReadonly } from './deep-readonly.ts';
import { labelName, labelValue, mac, manyLines, oneLine, qualifiedName, relativePath, resourceName, size, timestamp, uuid } from './formats.ts';
import { keyedBy } from './list-types.ts';
import { apiVersion, labels, namespacedMetadata } from './metadata.ts';
import { vmStatus } from './realtime-vm-status.ts';
import { shapeFields } from './shape.ts';

export const runStrategies = ['Always', 'RerunOnFailure', 'Once', 'Halted'] as const;

/** A day: longer than any guest takes to shut down, short enough that a forgotten zero shows. */
const maxGraceSeconds = 86_400;
/** libvirt's and QEMU's own limits are far above; a cap on what one tenant makes an agent set up. */
const maxDevices = 32;
/** What fits beside everything else in an object of the API server (1.5 MiB at most). */
const maxUserData = 262_144;

const disk = z.strictObject({
  name: labelName().describe('Name of the disk, unique in the VM.'),
  image: resourceName().describe('RealtimeImage in the VM\'s namespace that the disk starts from.').optional(),
  emptySize: size().describe('Size of a disk that starts empty, in whole MiB; instead of image.').optional(),
  persistence: z.enum(['Ephemeral', 'NodeLocal']).describe('Ephemeral: starts anew with each start of the domain. NodeLocal: stays on the node, and binds the VM to it, until the VM is deleted.').default('Ephemeral'),
});

const network = z.strictObject({
  name: labelName().describe('Name of the network card, unique among networks and hostDevices.'),
  network: labelName().describe('Network that the administrator named on RealtimeNodes.'),
  model: z.enum(['virtio', 'e1000e']).describe('Network card that the guest sees.').default('virtio'),
  mac: mac().describe('MAC address. Default: derived from the VM\'s identity.').optional(),
});

const hostDevice = z.strictObject({
  name: labelName().describe('Name of the device, unique among networks and hostDevices.'),
  class: labelName().describe('Device class that the administrator named on RealtimeNodes.'),
  numaAffinity: z.enum(['Required', 'Preferred']).describe('Whether the device must be on a host NUMA node of the guest.').default('Preferred'),
});

export const toleration = z.strictObject({
  key: qualifiedName().describe('Taint that is tolerated; absent with operator Exists for all.').optional(),
  operator: z.enum(['Exists', 'Equal']).describe('How the value compares.').default('Equal'),
  value: labelValue().describe('Value that is tolerated.').optional(),
  effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']).describe('Effect that is tolerated; absent for all.').optional(),
  tolerationSeconds: z.int().min(0).describe('Seconds that NoExecute is tolerated; absent for ever.').optional(),
});

const vmSpec = z.strictObject({
  className: resourceName().describe('RealtimeVMClass that fixes cpu, memory and numa; instead of them.').optional(),
  cpu: shapeFields.cpu.optional(),
  memory: shapeFields.memory.optional(),
  numa: shapeFields.numa,
  latency: z.strictObject({
    maxMicroseconds: z.int().min(1).max(1_000_000).describe('Only hosts whose measured worst latency is at most this, in microseconds.'),
  }).describe('What the host must have been measured to hold.').optional(),
  image: z.strictObject({
    name: resourceName().describe('RealtimeImage in the VM\'s namespace.'),
  }).describe('What the guest starts from: short form of a first, Ephemeral disk, and the only place for an image of format rom.').optional(),
  disks: z.array(disk).max(maxDevices).meta(keyedBy('name')).describe('Disks, in the order that the guest sees them.').default([]),
  kernel: z.strictObject({
    path: relativePath().describe('Kernel, under the host\'s image root.'),
    initrd: relativePath().describe('Initial RAM disk, under the host\'s image root.').optional(),
    args: oneLine(2048).describe('Kernel command line.').optional(),
  }).describe('Boots this kernel directly, with no boot loader.').optional(),
  cloudInit: z.strictObject({
    userData: manyLines(maxUserData).describe('cloud-init user data.'),
    metaData: manyLines(maxUserData).describe('cloud-init meta data. Default: instance id and host name from the VM.').optional(),
    networkConfig: manyLines(maxUserData).describe('cloud-init network configuration.').optional(),
  }).describe('Seed of the NoCloud source of cloud-init, as a disk.').optional(),
  networks: z.array(network).max(maxDevices).meta(keyedBy('name')).describe('Network cards, in the order that the guest sees them.').default([]),
  hostDevices: z.array(hostDevice).max(maxDevices).meta(keyedBy('name')).describe('PCI devices of the host, passed through.').default([]),
  ioThreads: z.int().min(0).max(16).describe('QEMU threads for disks, beside its main one.').default(0),
  firmware: z.strictObject({
    type: z.enum(['BIOS', 'UEFI']).describe('Firmware.').default('BIOS'),
    uuid: uuid().describe('UUID of the machine, kept when the VM is made anew. Default: the VM\'s UID.').optional(),
  }).describe('Firmware and machine identity.').prefault({}),
  runStrategy: z.enum(runStrategies).describe('Always: runs, and is started again when it ends. RerunOnFailure: only when it failed. Once: never again. Halted: does not run.').default('Always'),
  restartedAt: timestamp().describe('A later value restarts the VM.').optional(),
  evictionStrategy: z.enum(['Block', 'Shutdown']).describe('What draining the node does: Block waits for a person, Shutdown stops the VM cleanly.').default('Block'),
  nodeSelector: labels().describe('Labels that the node must carry, beside those of the class.').default({}),
  tolerations: z.array(toleration).max(64).describe('Taints of nodes that do not keep the VM away.').default([]),
  placementPriority: z.int().min(-1_000_000).max(1_000_000).describe('Which of several waiting VMs is placed first: the highest. Nothing is evicted for it.').default(0),
  terminationGracePeriodSeconds: z.int().min(0).max(maxGraceSeconds).describe('Seconds between asking the guest to shut down and ending it.').default(60),
});

export const realtimeVm = z.strictObject({
  apiVersion: z.literal(apiVersion).describe('Version of the API.'),
  kind: z.literal('RealtimeVM').describe('Kind of the resource.'),
  metadata: namespacedMetadata,
  spec: vmSpec.describe('What is wanted.'),
  status: vmStatus.describe('What is; written by the controller alone.').optional(),
}).describe('A virtual machine whose vCPUs, memory and devices get exact places on a host, and whose guarantees are verified there.');

export type RealtimeVm = DeepReadonly<z.output<typeof realtimeVm>>;
export type RealtimeVmSpec = RealtimeVm['spec'];
