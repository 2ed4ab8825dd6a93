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

/** Longest name of a grant, a session, a seal or a restore. */
const maxName = 64;
const nameOfGrant = () => oneLine(maxName).min(1);

const allocatedGuest = z.strictObject({
  vm: vmReference.describe('The RealtimeVM.'),
  generation: z.int().min(0).describe('Generation of the RealtimeVM that guest was resolved from.'),
  desired: z.enum(['Running', 'Stopped', 'Removed']).describe('What the agent makes of it; only Removed ends the domain and its disks.'),
  request: oneLine(64).describe('Names the last change of desired; the agent repeats it when the domain has ended or is gone for it.').optional(),
  restartedAt: timestamp().describe('A later value than that which the domain was made with restarts it.').optional(),
  className: resourceName().describe('RealtimeVMClass that the VM names, for what one namespace may hold of it.').optional(),
  guest: guest.describe('The guest, fully resolved.'),
  placement: placement.describe('What it holds of the node.'),
  grant: z.strictObject({
    name: nameOfGrant().describe('A hash of vm, guest, placement and salt.'),
    salt: oneLine(maxName).min(1).describe('Random, so that no two grants have one name.'),
  }).describe('Guest and placement as one thing, which never changes; absent in an entry of an earlier version.').optional(),
});

/** A VM's phases, and `Removed`: the agent's word that nothing of the guest is left on the host. */
export const guestPhases = [...vmPhases, 'Removed'] as const;

const reportedGuest = z.strictObject({
  uid: oneLine(64).min(1).describe('UID of the RealtimeVM.'),
  phase: z.enum(guestPhases).describe('Where the domain is in its life; Removed: nothing of it is left on the host.'),
  reason: oneLine(256).describe('Why, as one CamelCase word for programs.').optional(),
  message: sentence().describe('Why, for people.').optional(),
  grant: nameOfGrant().describe('The grant that this is about; absent from an agent of an earlier version.').optional(),
  lives: z.boolean().describe('Whether its domain runs, is paused, is being started or is switching off, by this grant.').optional(),
  answered: z.enum(['Stopped', 'Removed']).describe('What was asked of this grant and is done: nothing of it runs, nor will again.').optional(),
  request: oneLine(64).describe('The request that a Stopped or Removed answers: without it, what the guest held is not given to another.').optional(),
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

const unlistedDomain = z.strictObject({
  grant: nameOfGrant().describe('The grant that it was made with.'),
  domain: oneLine(256).describe('Name of the domain.'),
  uuid: uuid().describe('UUID of the domain.'),
  vm: vmReference.describe('The VM that it was made for, by its own metadata.'),
  generation: z.int().min(0).describe('Generation of the RealtimeVM that it was made from.'),
  restartedAt: timestamp().describe('restartedAt that it was made with.').optional(),
  salt: oneLine(maxName).min(1).describe('Of the grant; absent where the domain does not hold all of it.').optional(),
  guest: guest.describe('The guest that it was made of; absent where the domain does not say.').optional(),
  placement: placement.describe('What it holds; absent where the domain does not say.').optional(),
});

export const realtimeAllocation = z.strictObject({
  apiVersion: z.literal(apiVersion).describe('Version of the API.'),
  kind: z.literal('RealtimeAllocation').describe('Kind of the resource.'),
  metadata: clusterMetadata,
  spec: z.strictObject({
    term: oneLine(maxName).describe('The seal, TERM/ROUND: written anew by each controller that takes over, and with each fence and restore. The agent repeats it in its status once it has read it.').optional(),
    session: oneLine(maxName).describe('Session of the agent that may start and stop guests; absent: none may.').optional(),
    restore: oneLine(maxName).describe('The restore of the cluster that it was last sealed for.').optional(),
    fenced: z.boolean().describe('A person has said that the machine is off: what it held may run elsewhere.').optional(),
    kept: z.array(nameOfGrant()).max(maxGuests).describe('Grants of domains that were found in a restore and whose VMs are gone: kept until a person ends them.').optional(),
    guests: z.array(allocatedGuest).max(maxGuests).describe('Guests of the node, each with what it holds.').default([]),
  }).describe('What the controller gives; the one fence against double booking.').prefault({}),
  status: z.strictObject({
    guests: z.array(reportedGuest).max(maxGuests).meta(keyedBy('uid')).describe('What the agent made of each guest.').default([]),
    session: oneLine(maxName).describe('Random; a new one for each agent process, and whenever the table is gone, another one, or older than one that was read before.').optional(),
    number: z.int().min(0).describe('Rises with each statement of a session; the agent\'s Lease names the last.').optional(),
    term: oneLine(maxName).describe('spec.term of the version that the agent had read when it looked.').optional(),
    wentBack: z.enum(['Yes', 'BeforeRestore']).describe('The agent has read a later version of this table before; BeforeRestore: before the restore that the table is sealed for.').optional(),
    unlisted: z.array(unlistedDomain).max(maxGuests).meta(keyedBy('uuid')).describe('Domains that live by a grant that no entry has.').optional(),
  }).describe('What is; written by the node\'s agent alone.').optional(),
}).describe('The allocation table of one node, of the same name as its RealtimeNode.');

export type RealtimeAllocation = DeepReadonly<z.output<typeof realtimeAllocation>>;
export type AllocatedGuest = RealtimeAllocation['spec']['guests'][number];
export type AllocationStatus = NonNullable<RealtimeAllocation['status']>;
export type ReportedGuest = AllocationStatus['guests'][number];
export type UnlistedDomain = NonNullable<AllocationStatus['unlisted']>[number];
