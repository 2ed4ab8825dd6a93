/** RealtimeNode: one host. Spec: the administrator. Status: the host's agent. */
import * as z from 'zod';
import { defaultMaxPriority, defaultVcpusPerSharedCpu } from '../realtime/host.ts';
import type { DeepReadonly } from './deep-readonly.ts';
import { absolutePath, cpuList, interfaceName, labelName, pciAddress, size } from './formats.ts';
import { eachOnce, keyedBy } from './list-types.ts';
import { apiVersion, clusterMetadata } from './metadata.ts';
import { numaNodeNumber } from './placement-schema.ts';
import { nodeStatus } from './realtime-node-status.ts';

const network = z.strictObject({
  name: labelName().describe('Name that VMs use.'),
  openToInline: z.boolean().describe('Whether VMs without a class may use it.').default(false),
  bridge: interfaceName().describe('Bridge of the host that cards join.').optional(),
  macvtap: interfaceName().describe('Device of the host that cards are stacked on.').optional(),
  sriov: z.array(pciAddress()).min(1).max(256).meta(eachOnce).describe('PCI addresses of virtual functions, one for each card.').optional(),
  vhostUser: absolutePath().describe('Directory for the sockets of a userspace switch.').optional(),
});

const deviceClass = z.strictObject({
  name: labelName().describe('Name that VMs use.'),
  addresses: z.array(pciAddress()).min(1).max(256).meta(eachOnce).describe('PCI addresses of the devices.'),
});

const nodeSpec = z.strictObject({
  dedicatedCpus: cpuList().describe('pCPUs that may be given to one vCPU each. Default: none.').optional(),
  sharedCpus: cpuList().describe('pCPUs that floating vCPUs and shared emulator threads run over. Default: none.').optional(),
  vcpusPerSharedCpu: z.int().min(1).max(64).describe('Floating vCPUs that one shared CPU carries.').default(defaultVcpusPerSharedCpu),
  reservedHugepages: z.array(z.strictObject({
    numaNode: numaNodeNumber().describe('Host NUMA node.'),
    size: size().describe('Size of the pages: 2Mi or 1Gi.'),
    count: z.int().min(0).max(1_000_000_000).describe('Number of pages that guests never get.'),
  })).max(64).describe('Huge pages kept for others.').default([]),
  unschedulable: z.boolean().describe('Whether no new guest is placed here.').default(false),
  maxPriority: z.int().min(1).max(99).describe('Highest SCHED_FIFO priority that a guest may have; threaded interrupts of PREEMPT_RT run at 50.').default(defaultMaxPriority),
  networks: z.array(network).max(64).meta(keyedBy('name')).describe('Networks that VMs may name, and what each is on this host.').default([]),
  deviceClasses: z.array(deviceClass).max(64).meta(keyedBy('name')).describe('Device classes that VMs may name, and the devices of each on this host.').default([]),
});

export const realtimeNode = z.strictObject({
  apiVersion: z.literal(apiVersion).describe('Version of the API.'),
  kind: z.literal('RealtimeNode').describe('Kind of the resource.'),
  metadata: clusterMetadata,
  spec: nodeSpec.describe('What the administrator lets guests use of the host.').prefault({}),
  status: nodeStatus.describe('What the host is; written by its agent alone.').optional(),
}).describe('A host for realtime virtual machines: its topology, and what guests may use of it.');

export type RealtimeNode = DeepReadonly<z.output<typeof realtimeNode>>;
export type RealtimeNodeSpec = RealtimeNode['spec'];
