/** A guest, fully resolved, as RealtimeAllocation holds it: nothing defaults, nothing refers to another resource. */
import * as z from 'zod';
import type { DeepReadonly } from './deep-readonly.ts';
import { cpuList, labelName, mac, manyLines, oneLine, relativePath, resourceName, uuid } from './formats.ts';
import { labels } from './metadata.ts';
import { imageFormats, imageSource } from './realtime-image.ts';
import { runStrategies, toleration } from './realtime-vm.ts';
import { coreSharings, cpuModel, cpuPolicies, emulatorThreads, maxCells, maxVcpus, pageSizes, threadPolicies, topology } from './shape.ts';

const image = z.strictObject({
  name: resourceName().describe('Name of the RealtimeImage.'),
  format: z.enum(imageFormats).describe('Format of the file.'),
  source: imageSource.describe('Where the file is: path, or url with sha256.'),
});

const memoryMiB = () => z.int().min(1).describe('Memory, in MiB.');

const cpu = z.strictObject({
  vcpus: z.int().min(1).max(maxVcpus).describe('Number of vCPUs.'),
  policy: z.enum(cpuPolicies).describe('CPU policy.'),
  threadPolicy: z.enum(threadPolicies).describe('How SMT siblings are used.'),
  coreSharing: z.enum(coreSharings).describe('Whether other VMs may have pCPUs of the same cores.'),
  emulatorThreads: z.enum([...emulatorThreads, 'Vcpus']).describe('Where QEMU\'s own threads run; Vcpus: wherever the vCPUs may.'),
  dedicatedVcpus: cpuList().describe('vCPUs that get a pCPU of their own.'),
  topology: topology.describe('What the guest sees.'),
  model: cpuModel().describe('CPU model.'),
  realtime: z.strictObject({
    vcpus: cpuList().describe('vCPUs that run SCHED_FIFO.'),
    priority: z.int().min(1).max(99).describe('Their priority.'),
  }).describe('Absent without realtime.').optional(),
});

const boot = z.strictObject({
  kind: z.enum(['firmware', 'rom', 'kernel']).describe('A firmware that boots from disk, an image that is the firmware, or a kernel.'),
  type: z.enum(['BIOS', 'UEFI']).describe('Firmware, with kind firmware and kernel.').optional(),
  image: image.describe('The image, with kind rom.').optional(),
  path: relativePath().describe('The kernel, with kind kernel.').optional(),
  initrd: relativePath().describe('Its initial RAM disk.').optional(),
  args: oneLine(2048).describe('Its command line.').optional(),
});

const disk = z.strictObject({
  name: labelName().describe('Name of the disk.'),
  persistence: z.enum(['Ephemeral', 'NodeLocal']).describe('Whether it outlives the domain.'),
  image: image.describe('What it starts from.').optional(),
  emptyMiB: z.int().min(1).describe('Size of a disk that starts empty, in MiB; instead of image.').optional(),
});

export const guest = z.strictObject({
  cpu: cpu.describe('The virtual CPUs.'),
  memory: z.strictObject({
    sizeMiB: memoryMiB(),
    pageSize: z.enum(pageSizes).describe('Pages behind it.'),
    locked: z.boolean().describe('Whether it is locked.'),
  }).describe('The memory.'),
  cells: z.array(z.strictObject({
    vcpus: cpuList().describe('vCPUs of the cell.'),
    memoryMiB: memoryMiB(),
  })).max(maxCells).describe('Guest NUMA nodes; none for a VM that floats over the host.'),
  boot: boot.describe('What the machine starts with.'),
  disks: z.array(disk).max(64).describe('Disks in order.'),
  cloudInit: z.strictObject({
    userData: manyLines(262_144).describe('cloud-init user data.'),
    metaData: manyLines(262_144).describe('cloud-init meta data.').optional(),
    networkConfig: manyLines(262_144).describe('cloud-init network configuration.').optional(),
  }).describe('Seed for cloud-init.').optional(),
  networks: z.array(z.strictObject({
    name: labelName().describe('Name of the network card.'),
    network: labelName().describe('Network of the host.'),
    model: z.enum(['virtio', 'e1000e']).describe('Network card that the guest sees.'),
    mac: mac().describe('MAC address.').optional(),
  })).max(32).describe('Network cards in order.'),
  hostDevices: z.array(z.strictObject({
    name: labelName().describe('Name of the device.'),
    class: labelName().describe('Device class of the host.'),
    numaAffinity: z.enum(['Required', 'Preferred']).describe('Whether it must be on a host NUMA node of the guest.'),
  })).max(32).describe('PCI devices of the host.'),
  ioThreads: z.int().min(0).max(16).describe('QEMU threads for disks.'),
  uuid: uuid().describe('UUID of the domain.'),
  packing: z.enum(['Spread', 'Pack']).describe('Which of several fitting hosts.'),
  nodeSelector: labels().describe('Labels that the host must carry.'),
  tolerations: z.array(toleration).max(64).describe('Taints of nodes that do not keep it away.').optional(),
  maxLatencyMicroseconds: z.int().min(1).describe('Worst latency that the host may have been measured with.').optional(),
  runStrategy: z.enum(runStrategies).describe('What is done when the guest ends by itself.'),
  terminationGracePeriodSeconds: z.int().min(0).describe('Seconds between asking the guest to shut down and ending it.'),
  inline: z.boolean().describe('Whether the VM has no class.'),
});

export type GuestWire = DeepReadonly<z.output<typeof guest>>;
