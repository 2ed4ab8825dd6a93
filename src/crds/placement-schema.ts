/** Where a guest went, as RealtimeAllocation holds it, RealtimeVM reports it and `plan -o json` prints it. */
import * as z from 'zod';
import { cpuList, labelName, pciAddress, resourceName, size } from './formats.ts';
import { maxCells, maxVcpus } from './shape.ts';
import type { DeepReadonly } from './deep-readonly.ts';

/** One less than NR_CPUS of the largest kernels that distributions ship. */
const maxCpuNumber = 8191;
/** MAX_NUMNODES of the largest kernels that distributions ship, less one. */
const maxNumaNode = 1023;

export const numaNodeNumber = () => z.int().min(0).max(maxNumaNode);

export const placement = z.strictObject({
  nodeName: resourceName().describe('The host.'),
  cells: z.array(z.strictObject({
    cell: z.int().min(0).max(maxCells - 1).describe('Number of the guest NUMA node.'),
    numaNode: numaNodeNumber().describe('Host NUMA node that it went to.'),
    vcpus: cpuList().describe('vCPUs of the cell.'),
    memoryMiB: z.int().min(1).describe('Memory of the cell, in MiB.'),
    pageSize: size().describe('Pages behind it: 4Ki, 2Mi or 1Gi.'),
  })).max(maxCells).describe('Guest NUMA nodes in order; none for a Shared VM that floats over the host.'),
  vcpuPins: z.array(z.strictObject({
    vcpu: z.int().min(0).max(maxVcpus - 1).describe('The vCPU.'),
    cpu: z.int().min(0).max(maxCpuNumber).describe('The pCPU that it has to itself.').optional(),
    cpus: cpuList().describe('The shared pCPUs that it floats over; instead of cpu.').optional(),
  })).max(maxVcpus).describe('One entry for each vCPU, ascending.'),
  realtimeVcpus: cpuList().describe('vCPUs that run SCHED_FIFO; empty without realtime.'),
  emulatorCpus: cpuList().describe('pCPUs that QEMU\'s own threads run on.'),
  priority: z.int().min(1).max(99).describe('SCHED_FIFO priority of the realtime vCPUs; absent without realtime.').optional(),
  reservedCpus: cpuList().describe('pCPUs held beside those of dedicated vCPUs: idle siblings, and an isolated emulator\'s.'),
  devices: z.array(z.strictObject({
    name: labelName().describe('The guest\'s name of the device or network.'),
    address: pciAddress().describe('PCI address on the host.'),
  })).max(64).describe('PCI devices of the host that the guest has.'),
  extraMemoryMiB: z.int().min(0).describe('Small-page memory charged beside the cells, in MiB: QEMU\'s own, and all of a guest without cells.'),
});

export type PlacementWire = DeepReadonly<z.output<typeof placement>>;
