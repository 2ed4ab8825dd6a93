/** Status of a RealtimeNode: what its agent sees of the host. */
import * as z from 'zod';
import type { DeepReadonly } from './deep-readonly.ts';
import { cpuList, oneLine, pciAddress, sentence, size, timestamp, uuid } from './formats.ts';
import { keyedBy } from './list-types.ts';
import { condition } from './metadata.ts';
import { numaNodeNumber, placement } from './placement-schema.ts';
import { vmReference } from './vm-reference.ts';

const pageCount = () => z.int().min(0).max(1_000_000_000);

const numaNode = z.strictObject({
  id: numaNodeNumber().describe('Kernel number of the host NUMA node.'),
  cpus: cpuList().describe('pCPUs of the node.'),
  memoryMiB: z.int().min(0).describe('All memory of the node, in MiB.'),
  distances: z.array(z.int().min(0).max(255)).max(1024).describe('SLIT distances to every host NUMA node, in the order of this list; 10 is local. Default: 10 to itself, 20 to others.').optional(),
  hugepages: z.array(z.strictObject({
    size: size().describe('Size of the pages: 2Mi or 1Gi.'),
    total: pageCount().describe('Pages that the kernel has set aside.'),
    free: pageCount().describe('Pages that nobody uses, by the kernel\'s count. Default: all.').optional(),
  })).max(8).describe('Huge pages of the node.').default([]),
});

const nodeTopology = z.strictObject({
  numaNodes: z.array(numaNode).min(1).max(1024).meta(keyedBy('id')).describe('Host NUMA nodes, ascending.'),
  cores: z.array(cpuList()).max(8192).describe('SMT siblings of each core. Default: each pCPU is a core.').optional(),
  caches: z.array(z.strictObject({
    level: z.int().min(1).max(5).describe('Level of the cache.'),
    cpus: cpuList().describe('pCPUs that share it.'),
  })).max(8192).describe('Caches that several pCPUs share.').default([]),
  pciDevices: z.array(z.strictObject({
    address: pciAddress().describe('PCI address.'),
    numaNode: numaNodeNumber().describe('Host NUMA node that it is attached to.'),
  })).max(8192).describe('Host NUMA nodes of the PCI devices that spec names, where the firmware says.').default([]),
});

const checkResults = ['Pass', 'Warn', 'Fail', 'Unknown'] as const;

export const nodeStatus = z.strictObject({
  topology: nodeTopology.describe('NUMA nodes, cores, caches and huge pages.').optional(),
  versions: z.strictObject({
    rtvm: oneLine(256).describe('rtvm on the host.').optional(),
    kernel: oneLine(256).describe('Kernel release.').optional(),
    libvirt: oneLine(256).describe('libvirt.').optional(),
    qemu: oneLine(256).describe('QEMU.').optional(),
  }).describe('Versions on the host.').optional(),
  checks: z.array(z.strictObject({
    name: oneLine(128).describe('What was checked.'),
    result: z.enum(checkResults).describe('How it came out.'),
    observed: sentence().describe('What was found.'),
    wanted: sentence().describe('What it should be.'),
    remedy: sentence().describe('The command or setting that mends it; absent where nothing needs mending.').optional(),
  })).max(128).meta(keyedBy('name')).describe('Host checks, each with its remedy.').optional(),
  latency: z.strictObject({
    maxMicroseconds: z.int().min(0).describe('Worst latency that was measured, in microseconds.'),
    measuredAt: timestamp().describe('When.').optional(),
    durationSeconds: z.int().min(0).describe('For how long, in seconds.').optional(),
  }).describe('The last latency measurement.').optional(),
  allocationUid: oneLine(64).describe('UID of the RealtimeAllocation that orphans was found against: of one made anew, nothing is known before.').optional(),
  term: oneLine(64).describe('spec.term of the RealtimeAllocation when orphans was found.').optional(),
  orphans: z.array(z.strictObject({
    domain: oneLine(256).describe('Name of the domain.'),
    uuid: uuid().describe('UUID of the domain.'),
    vm: vmReference.describe('The VM that it was made for, by its own metadata.').optional(),
    generation: z.int().min(0).describe('Generation of the RealtimeVM that it was made from.').optional(),
    restartedAt: timestamp().describe('restartedAt that it was made with.').optional(),
    placement: placement.describe('What it holds, which stays taken.').optional(),
  })).max(1024).meta(keyedBy('uuid')).describe('Domains of ours that no allocation names, or not with what they hold: kept until they are adopted or a person decides. Also those of others (without vm) that run pinned to dedicated pCPUs.').optional(),
  conditions: z.array(condition).max(16).meta(keyedBy('type')).describe('Conditions: Ready and RealtimeReady, as the agent last said; AgentAlive, by the controller: whether that agent renews its Lease.').optional(),
});

export type RealtimeNodeStatus = DeepReadonly<z.output<typeof nodeStatus>>;
export type NodeTopology = DeepReadonly<z.output<typeof nodeTopology>>;
