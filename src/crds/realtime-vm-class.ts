/** RealtimeVMClass: the flavor by which an administrator says who may use realtime, and how much of it. */
import * as z from 'zod';
import type { DeepReadonly } from './deep-readonly.ts';
import { labelName } from './formats.ts';
import { apiVersion, clusterMetadata, labelSelector, labels } from './metadata.ts';
import { shapeFields } from './shape.ts';

const allow = z.strictObject({
  networks: z.array(labelName()).max(64).describe('Networks that VMs of the class may name.').default([]),
  deviceClasses: z.array(labelName()).max(64).describe('Device classes that VMs of the class may name.').default([]),
  nodeLocalDisks: z.boolean().describe('Whether they may keep disks on a node.').default(false),
});

const classSpec = z.strictObject({
  ...shapeFields,
  nodeSelector: labels().describe('Labels that the node must carry.').default({}),
  packing: z.enum(['Spread', 'Pack']).describe('Which of several fitting hosts: the one with most free, or with least.').default('Spread'),
  allowedNamespaces: labelSelector.describe('Namespaces whose VMs may use the class. Default: all.').optional(),
  maxCpusPerNamespace: z.int().min(1).max(1_000_000).describe('Most dedicated pCPUs that the VMs of this class hold in one namespace.').optional(),
  allow: allow.describe('What VMs of the class may name.').prefault({}),
  requireLatencyQualification: z.boolean().describe('Whether only hosts with a fresh latency measurement may have its VMs.').default(false),
});

export const realtimeVmClass = z.strictObject({
  apiVersion: z.literal(apiVersion).describe('Version of the API.'),
  kind: z.literal('RealtimeVMClass').describe('Kind of the resource.'),
  metadata: clusterMetadata,
  spec: classSpec.describe('What VMs of the class are. Immutable: a new class is a new name.'),
}).describe('A flavor of virtual machine: fixes CPUs, memory and NUMA, and says who may use it and what its VMs may name.');

export type RealtimeVmClass = DeepReadonly<z.output<typeof realtimeVmClass>>;
