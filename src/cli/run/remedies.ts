/** What a person at this host can do when a VM has no place on it. */
import type { RefusalReason } from '../../realtime/decision.ts';

const fewerVcpus = '"rtvm plan" shows who has which CPU; end a VM, give guests more CPUs (spec.dedicatedCpus of the RealtimeNode), or ask for fewer vCPUs';
const sharedCpus = 'give guests shared CPUs (spec.sharedCpus and spec.vcpusPerSharedCpu of the RealtimeNode), or end a VM';

const remedies: Readonly<Record<RefusalReason, string>> = {
  HostUnschedulable: 'set spec.unschedulable of the RealtimeNode to false',
  HostNotReady: 'see what the RealtimeNode\'s status says of it',
  TaintNotTolerated: 'tolerate it in spec.tolerations, or take it from the node',
  SelectorMismatch: 'give the RealtimeNode the labels, or take them from spec.nodeSelector',
  LatencyTooHigh: 'raise spec.latency.maxMicroseconds, or mend what makes the host late',
  PriorityTooHigh: 'ask for a lower spec.cpu.realtime.priority, or raise spec.maxPriority of the RealtimeNode',
  TooFewHostNodes: 'ask for no more guest cells (spec.numa) than the host has NUMA nodes',
  TooFewDedicatedCpus: fewerVcpus,
  TooFewWholeCores: fewerVcpus,
  NoSmt: 'take another spec.cpu.threadPolicy, or switch SMT on',
  NoRoomForEmulator: fewerVcpus,
  NoSharedCpus: sharedCpus,
  SharedCpusFull: sharedCpus,
  TooFewHugepages: 'reserve more (sysctl vm.nr_hugepages=N for pages of 2 MiB; hugepages=N on the kernel command line while memory is whole), end a VM, or ask for a smaller spec.memory.size',
  PageSizeMismatch: 'make spec.memory.size a multiple of the page, or ask for another spec.memory.pageSize',
  TooLittleMemory: 'end what uses it, reserve fewer huge pages, or ask for a smaller spec.memory.size',
  NetworkMissing: 'name the network in spec.networks of the RealtimeNode',
  DeviceMissing: 'name the devices in spec.deviceClasses of the RealtimeNode',
  CellsDoNotFitTogether: 'end a VM, or ask for smaller or fewer cells in spec.numa',
};

/** @param reason - a condition's; undefined for one that is no refusal of placement. */
export function remedyFor(reason: string): string | undefined {
  return Object.hasOwn(remedies, reason) ? remedies[reason as RefusalReason] : undefined;
}
