/** What must hold of a host as a whole before its NUMA nodes are looked at: one row per reason. */
import type { RefusalReason } from '../decision.ts';
import type { NetworkSpec, Taint, Toleration } from '../spec.ts';
import type { Demand } from './demand.ts';
import { DeviceMatcher, deviceRequests } from './devices.ts';
import type { HostState } from './host-state.ts';
import type { Remedy } from './remedies.ts';

export interface HostCheck {
  readonly reason: RefusalReason;
  readonly holds: (host: HostState, demand: Demand) => boolean;
  /** Only asked where it does not hold. */
  readonly message: (host: HostState, demand: Demand) => string;
  /** What might help, to be tried; absent: nothing that the guest could ask for. */
  readonly remedies?: readonly Remedy[];
}

/** Keeps everything else off realtime nodes. */
const realtimeTaint = 'rtvm.dev/realtime';

/** In the order in which a person would want to hear of them. */
export const hostChecks: readonly HostCheck[] = [
  {
    reason: 'HostUnschedulable',
    holds: ({ inventory }) => !inventory.unschedulable,
    message: () => 'unschedulable, by its RealtimeNode or cordoned',
  },
  {
    reason: 'HostNotReady',
    holds: ({ inventory }) => inventory.notReady === undefined,
    message: ({ inventory }) => `not ready: ${inventory.notReady ?? ''}`,
  },
  {
    reason: 'TaintNotTolerated',
    holds: ({ inventory }, { guest }) => untolerated(inventory, guest) === undefined,
    message: ({ inventory }, { guest }) => `with the taint ${formatTaint(untolerated(inventory, guest))}, which spec.tolerations does not tolerate`,
  },
  {
    reason: 'SelectorMismatch',
    holds: ({ inventory }, { guest }) => missingLabels(inventory.labels, guest.nodeSelector).length === 0,
    message: ({ inventory }, { guest }) => `without the label ${missingLabels(inventory.labels, guest.nodeSelector).join(', ')} that nodeSelector asks for`,
  },
  {
    reason: 'LatencyTooHigh',
    holds: ({ inventory }, { guest }) => guest.maxLatencyMicroseconds === undefined
      || (inventory.latencyMicroseconds !== undefined && inventory.latencyMicroseconds <= guest.maxLatencyMicroseconds),
    message: ({ inventory }, { guest }) => (inventory.latencyMicroseconds === undefined
      ? `latency not measured yet, at most ${guest.maxLatencyMicroseconds ?? 0} µs asked for`
      : `worst latency measured ${inventory.latencyMicroseconds} µs, at most ${guest.maxLatencyMicroseconds ?? 0} µs asked for`),
  },
  {
    reason: 'PriorityTooHigh',
    holds: ({ inventory }, { guest }) => (guest.cpu.realtime?.priority ?? 0) <= inventory.maxPriority,
    message: ({ inventory }, { guest }) => `realtime priority at most ${inventory.maxPriority}, ${guest.cpu.realtime?.priority ?? 0} asked for`,
  },
  {
    reason: 'NetworkMissing',
    holds: (host, { guest }) => guest.networks.every((network) => networkProblem(host, network, guest.inline) === undefined),
    message: (host, { guest }) => guest.networks.flatMap((network) => networkProblem(host, network, guest.inline) ?? [])[0] ?? '',
  },
  {
    reason: 'DeviceMissing',
    holds: (host, { guest }) => (guest.hostDevices.length === 0 && guest.networks.length === 0)
      || new DeviceMatcher(host, deviceRequests(host, guest)).match(host.nodes) !== undefined,
    message: (host, { guest }) => deviceShortage(host, guest),
    remedies: ['numaAffinity'],
  },
  {
    reason: 'TooFewHostNodes',
    holds: (host, { cells }) => cells.length <= host.nodes.length,
    message: (host, { cells }) => `${host.nodes.length} host NUMA ${plural(host.nodes.length, 'node')}, ${cells.length} needed: each guest cell goes to a node of its own`,
    remedies: ['nodes'],
  },
  {
    reason: 'NoSmt',
    holds: (host, { guest, dedicatedCpus }) => guest.cpu.threadPolicy !== 'Require' || dedicatedCpus === 0 || host.hasSmt,
    message: () => 'no SMT siblings, threadPolicy Require needs them',
    remedies: ['threadPolicy'],
  },
  {
    reason: 'NoSharedCpus',
    holds: (host, { guest, floatingVcpus }) => host.sharedCount > 0 || (floatingVcpus === 0 && guest.cpu.emulatorThreads !== 'Share'),
    message: (_, { guest, floatingVcpus }) => `no shared CPUs, needed for ${floatingVcpus > 0 ? `${floatingVcpus} floating ${plural(floatingVcpus, 'vCPU')}` : `emulatorThreads ${guest.cpu.emulatorThreads}`}; RealtimeNode.spec.sharedCpus names them`,
  },
  {
    reason: 'SharedCpusFull',
    holds: (host, { floatingVcpus }) => floatingVcpus === 0 || floatingVcpus <= host.floatingRoom,
    message: (host, { floatingVcpus }) => `room for ${Math.max(0, host.floatingRoom)} more floating vCPUs on ${host.sharedCount} shared ${plural(host.sharedCount, 'CPU')} (${host.inventory.vcpusPerSharedCpu} each), ${floatingVcpus} needed`,
  },
  {
    reason: 'TooLittleMemory',
    holds: (host, { smallMemoryMiB }) => smallMemoryMiB <= host.smallFreeMiB,
    message: (host, { extraMemoryMiB, smallMemoryMiB, cells }) => `${Math.max(0, host.smallFreeMiB)} MiB of small-page memory free, ${smallMemoryMiB} MiB needed for ${cells.length > 0 && smallMemoryMiB === extraMemoryMiB ? 'QEMU itself' : 'the guest and QEMU itself'}`,
  },
];

export function plural(count: number, noun: string): string {
  return count === 1 ? noun : `${noun}s`;
}

function missingLabels(labels: Readonly<Record<string, string>>, selector: Readonly<Record<string, string>>): string[] {
  return Object.keys(selector).filter((key) => !Object.hasOwn(labels, key) || labels[key] !== selector[key]).sort().map((key) => `${key}=${selector[key] ?? ''}`);
}

/** The first taint that keeps a guest away; that of realtime nodes themselves is meant to let just our guests in. */
function untolerated({ taints = [] }: HostState['inventory'], { tolerations = [] }: Demand['guest']): Taint | undefined {
  return taints.find((taint) => taint.effect !== 'PreferNoSchedule' && taint.key !== realtimeTaint && !tolerations.some((toleration) => tolerates(toleration, taint)));
}

function tolerates({ key, operator, value, effect }: Toleration, taint: Taint): boolean {
  if (effect !== undefined && effect !== taint.effect) return false;
  if (key === undefined) return operator === 'Exists';
  return key === taint.key && (operator === 'Exists' || (value ?? '') === (taint.value ?? ''));
}

function formatTaint(taint: Taint | undefined): string {
  return taint === undefined ? '' : `${taint.key}${taint.value === undefined ? '' : `=${taint.value}`}:${taint.effect}`;
}

function networkProblem({ inventory, devices }: HostState, { network }: NetworkSpec, inline: boolean): string | undefined {
  const found = inventory.networks.find((candidate) => candidate.name === network);
  if (found === undefined) return `no network ${JSON.stringify(network)}; RealtimeNode.spec.networks names them`;
  if (inline && !found.openToInline) return `network ${JSON.stringify(network)} is not open to VMs without a class`;
  if (found.kind === 'sriov' && found.devices.every(({ address }) => devices.has(address))) return `no free virtual function of network ${JSON.stringify(network)}: all ${found.devices.length} are taken`;
  return undefined;
}

function deviceShortage(host: HostState, guest: Demand['guest']): string {
  const wanted = Map.groupBy(deviceRequests(host, guest), ({ source }) => source);
  for (const [source, requests] of wanted) {
    const pool = requests[0]!.pool;
    const free = pool.filter(({ address }) => !host.devices.has(address)).length;
    if (free < requests.length) return pool.length === 0 ? `no devices in ${source}; RealtimeNode.spec.deviceClasses lists them` : `${free} of ${pool.length} devices free in ${source}, ${requests.length} needed`;
  }
  return `the devices free in ${[...wanted.keys()].join(' and ')} do not go round: their addresses overlap, or their NUMA nodes are not known`;
}
