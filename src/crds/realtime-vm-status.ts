/** Status of a RealtimeVM: written by the controller alone, on transitions only. */
import * as z from 'zod';
import type { DeepReadonly } from './deep-readonly.ts';
import { findings } from './finding-schema.ts';
import { cpuList, oneLine, resourceName, timestamp, uuid } from './formats.ts';
import { keyedBy, writtenWhole } from './list-types.ts';
import { condition } from './metadata.ts';
import { placement } from './placement-schema.ts';

export const vmPhases = ['Pending', 'Placed', 'Starting', 'Running', 'Stopping', 'Stopped', 'Failed', 'Unknown'] as const;
export type VmPhase = (typeof vmPhases)[number];

export const vmStatus = z.strictObject({
  phase: z.enum(vmPhases).describe('Where the VM is in its life.').optional(),
  observedGeneration: z.int().min(0).describe('Generation of spec that this status is about.').optional(),
  conditions: z.array(condition).max(16).meta(keyedBy('type')).describe('Conditions: Accepted, Placed, Running, RealtimeVerified, RestartRequired, Ready, and kstatus\' Reconciling and Stalled.').optional(),
  cpus: cpuList().describe('pCPUs that the dedicated vCPUs have to themselves, such as "4-7": of the placement, what people ask for first.').optional(),
  placement: placement.meta(writtenWhole).describe('Where it is: a report of the node\'s RealtimeAllocation.').optional(),
  boundTo: resourceName().describe('Node on which its NodeLocal disks are, running or not: until it is deleted it is placed there alone.').optional(),
  run: z.strictObject({
    count: z.int().min(1).describe('Rises by one with each change.'),
    grant: oneLine(64).min(1).describe('Name of the grant.'),
    node: resourceName().describe('The node whose RealtimeAllocation has it, or is to.'),
    state: z.enum(['Open', 'Closed']).describe('Open: it may run there, and nowhere else. Closed: it runs nowhere.'),
  }).describe('Where it may run: of two controllers that open it one fails.').optional(),
  findings: findings().describe('What the last audit found, errors first.').optional(),
  domain: z.strictObject({
    uuid: uuid().describe('UUID of the domain.'),
    startedAt: timestamp().describe('When it last started.').optional(),
    restarts: z.int().min(0).describe('How often it was started again.'),
  }).describe('The libvirt domain.').optional(),
});

export type VmRun = NonNullable<RealtimeVmStatus['run']>;
export type RealtimeVmStatus = DeepReadonly<z.output<typeof vmStatus>>;
