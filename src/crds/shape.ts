/** cpu, memory and numa, as a class fixes them or a VM states them inline. */
import * as z from 'zod';
import { cpuList, mask, size } from './formats.ts';
import { writtenWhole } from './list-types.ts';

/** More need an IOMMU with interrupt remapping in the guest (8-bit APIC ids), which our domain does not have. */
export const maxVcpus = 255;
/** As many as host NUMA nodes are tried against. */
export const maxCells = 16;

export const cpuPolicies = ['Shared', 'Dedicated', 'Mixed'] as const;
export const threadPolicies = ['Prefer', 'Require', 'Isolate'] as const;
export const coreSharings = ['Forbid', 'Allow'] as const;
export const emulatorThreads = ['Housekeeping', 'Share', 'Isolate'] as const;
export const pageSizes = ['Small', 'Large', 'Any', '2Mi', '1Gi'] as const;

export const topology = z.strictObject({
  sockets: z.int().min(1).max(maxVcpus).describe('Sockets.'),
  cores: z.int().min(1).max(maxVcpus).describe('Cores of one socket.'),
  threads: z.int().min(1).max(maxVcpus).describe('SMT threads of one core.'),
});

export const cpuModel = () => z.string().max(64).regex(/^[A-Za-z0-9][A-Za-z0-9_.+-]*$/, { error: 'must be "host-passthrough" or the name of a CPU model of libvirt, such as "Skylake-Server"' });

const realtime = z.strictObject({
  mask: mask().describe('The realtime vCPUs: items N, A-B, ^N or ^A-B, separated by commas, ^ excluding. Default "^0", or all vCPUs where emulatorThreads is Isolate or Share. An image\'s realtimeMask overrides it.').optional(),
  priority: z.int().min(1).max(99).describe('SCHED_FIFO priority of the realtime vCPUs, 1 to 99, at most the host\'s maxPriority. Default 1.').optional(),
});

export const cpu = z.strictObject({
  vcpus: z.int().min(1).max(maxVcpus).describe('Number of vCPUs.'),
  policy: z.enum(cpuPolicies).describe('Shared: vCPUs float over the host\'s shared CPUs. Dedicated: each has a pCPU to itself. Mixed: those of the mask have. Default Shared.').optional(),
  threadPolicy: z.enum(threadPolicies).describe('Prefer: whole cores first. Require: whole cores only. Isolate: one vCPU a core, its siblings kept idle. Default Prefer.').optional(),
  coreSharing: z.enum(coreSharings).describe('Whether another VM may have a pCPU of the same core. Default Forbid for realtime VMs, else Allow.').optional(),
  dedicatedMask: mask().describe('Which vCPUs are dedicated in a Mixed VM without realtime, in the grammar of realtime.mask.').optional(),
  emulatorThreads: z.enum(emulatorThreads).describe('Where QEMU\'s own threads run. Housekeeping: with the vCPUs that are not realtime. Share: on the host\'s shared CPUs. Isolate: on a pCPU of their own. Default Housekeeping for realtime VMs, else wherever the vCPUs may run.').optional(),
  topology: topology.meta(writtenWhole).describe('What the guest sees; the product is the number of vCPUs. Default: one socket of single-threaded cores.').optional(),
  model: cpuModel().describe('CPU model. Default host-passthrough.').optional(),
  realtime: realtime.describe('Makes the VM a realtime one; {} takes the defaults. Nothing else does.').optional(),
});

export const memory = z.strictObject({
  size: size().describe('Memory of the guest, in whole MiB, such as 512Mi or 4Gi.'),
  pageSize: z.enum(pageSizes).describe('Pages behind the memory. Small: the host\'s base page. Large: the biggest that fits exactly. Any: whatever fits. Default Large for realtime VMs, else Small.').optional(),
  locked: z.boolean().describe('Whether all memory is locked, so that the host never swaps it. Default true for realtime VMs (where false is refused), else false.').optional(),
});

export const numa = z.strictObject({
  nodes: z.int().min(1).max(maxCells).describe('Number of even guest NUMA nodes.').optional(),
  cells: z.array(z.strictObject({
    vcpus: cpuList(1024).describe('vCPUs of the cell, such as "0-1".'),
    memory: size().describe('Memory of the cell, in whole MiB.'),
  })).min(1).max(maxCells).describe('Guest NUMA nodes one by one: each vCPU in one of them, their memory adding up to memory.size.').optional(),
});

/** The three fields that a class fixes, or a VM states where it has no class. */
export const shapeFields = {
  cpu: cpu.describe('The virtual CPUs.'),
  memory: memory.describe('The memory.'),
  numa: numa.describe('Guest NUMA nodes, each placed on a host NUMA node of its own. Default: one, or none for a Shared VM without huge pages.').optional(),
};
