/** RealtimeAllocation: the one table of what a node's guests hold. Spec: the controller, by compare-and-swap. Status: the node's agent. */
import * as z from 'zod';
import type { DeepReadonly } from './deep-readonly.ts';
import { findings } from './finding-schema.ts';
import { oneLine, resourceName, sentence, timestamp, uuid } from './formats.ts';
import { guest } from './guest-schema.ts';
import { keyedBy } from './list-types.ts';
import { apiVersion, clusterMetadata } from './metadata.ts';
import { placement } from './placement-schema.ts';
import { vmPhases } from './realtime-vm-status.ts';
import { vmReference } from './vm-reference.ts';

/** Above any host that is known: one guest on each of its CPUs. */
const maxGuests = 1024;

const allocatedGuest = z.strictObject({
  vm: vmReference.describe('The RealtimeVM.'),
  generation: z.int().min(0).describe('Generation of the RealtimeVM that guest was resolved from.'),
  desired: z.enum(['Running', 'Stopped', 'Removed']).describe('What the agent makes of it; only Removed ends the domain and its disks.'),
  request: oneLine(64).describe('Names the last change of desired; the agent repeats it when the domain has ended or is gone for it.').optional(),
  restartedAt: timestamp().describe('A later value than that which the domain was made with restarts it.').optional(),
  className: resourceName().describe('RealtimeVMClass that the VM names, for what one namespace may hold of it.').optional(),
  guest: guest.describe('The guest, fully resolved.'),
  placement: placement.describe('What it holds of the node.'),
});

/** A VM's phases, and `Removed`: the agent's word that nothing of the guest is left on the host. */
export const guestPhases = [...vmPhases, 'Removed'] as const;

const reportedGuest = z.strictObject({
  uid: oneLine(64).min(1).describe('UID of the RealtimeVM.'),
  phase: z.enum(guestPhases).describe('Where the domain is in its life; Removed: nothing of it is left on the host.'),
  reason: oneLine(256).describe('Why, as one CamelCase word for programs.').optional(),
  message: sentence().describe('Why, for people.').optional(),
  request: oneLine(64).describe('The request that a Stopped or Removed answers: without it, what the guest held is not given to another. With the reason TableWentBack, the one that is not followed.').optional(),
  domain: z.strictObject({
    name: oneLine(256).describe('Name of the domain.'),
    uuid: uuid().describe('UUID of the domain.'),
    generation: z.int().min(0).describe('Generation of the RealtimeVM that the running domain was made from.').optional(),
    restartedAt: timestamp().describe('restartedAt that the running domain was made with.').optional(),
    startedAt: timestamp().describe('When it last started.').optional(),
    restarts: z.int().min(0).describe('How often it was started again.'),
  }).describe('The libvirt domain.').optional(),
  audit: z.strictObject({
    verdict: z.enum(['Verified', 'Violated', 'Unknown']).describe('Whether all that was asked for was found.'),
    findings: findings().describe('What was not, errors first.'),
  }).describe('The last audit.').optional(),
});

export const realtimeAllocation = z.strictObject({
  apiVersion: z.literal(apiVersion).describe('Version of the API.'),
  kind: z.literal('RealtimeAllocation').describe('Kind of the resource.'),
  metadata: clusterMetadata,
  spec: z.strictObject({
    term: oneLine(64).describe('Written by each controller that takes over: the agent looks for domains that no table names, and repeats it on its RealtimeNode.').optional(),
    guests: z.array(allocatedGuest).max(maxGuests).describe('Guests of the node, each with what it holds.').default([]),
  }).describe('What the controller gives; the one fence against double booking.').prefault({}),
  status: z.strictObject({
    guests: z.array(reportedGuest).max(maxGuests).meta(keyedBy('uid')).describe('What the agent made of each guest.').default([]),
  }).describe('What is; written by the node\'s agent alone.').optional(),
}).describe('The allocation table of one node, of the same name as its RealtimeNode.');

export type RealtimeAllocation = DeepReadonly<z.output<typeof realtimeAllocation>>;
export type AllocatedGuest = RealtimeAllocation['spec']['guests'][number];
export type ReportedGuest = NonNullable<RealtimeAllocation['status']>['guests'][number];
