/** Makes the inventory that placement works with, out of what the machine has and what its administrator says. */
import { CpuSet } from '../../realtime/cpu-set.ts';
import { defaultMaxPriority, defaultVcpusPerSharedCpu } from '../../realtime/host.ts';
import type { HostDeviceClass, HostInventory, HostNetwork, ReservedHugepages } from '../../realtime/host.ts';
import { accepted, refused } from '../../realtime/problem.ts';
import type { Checked, FieldProblem } from '../../realtime/problem.ts';
import type { HostTopology } from './topology.ts';

/** The administrator's part (RealtimeNode.spec); what is absent gets the default that is said at each field. */
export interface HostPolicy {
  /** Absent: the isolated CPUs that are not shared. */
  readonly dedicatedCpus?: CpuSet | undefined;
  /** Absent: the online CPUs that are neither dedicated nor isolated. */
  readonly sharedCpus?: CpuSet | undefined;
  readonly vcpusPerSharedCpu?: number | undefined;
  readonly reservedHugepages?: readonly ReservedHugepages[] | undefined;
  readonly unschedulable?: boolean | undefined;
  readonly maxPriority?: number | undefined;
  readonly networks?: readonly HostNetwork[] | undefined;
  readonly deviceClasses?: readonly HostDeviceClass[] | undefined;
}

export interface HostIdentity {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * The inventory of one host. Refused where the policy names CPUs, nodes or pages that the host has not; warnings say what
 * an administrator should know, the first of them that nothing is dedicated.
 */
export function makeInventory(topology: HostTopology, identity: HostIdentity, policy: HostPolicy = {}): Checked<HostInventory> {
  const { dedicatedCpus, sharedCpus } = divideCpus(topology, policy);
  const reservedHugepages = policy.reservedHugepages ?? [];
  const problems = [
    ...offlineProblem('spec.dedicatedCpus', dedicatedCpus, topology),
    ...offlineProblem('spec.sharedCpus', sharedCpus, topology),
    ...overlapProblem(dedicatedCpus, sharedCpus),
    ...reservedHugepages.flatMap((reserved, index) => reservedProblem(reserved, index, topology)),
  ];
  if (problems.length > 0) return refused(...problems);
  return accepted(
    {
      name: identity.name,
      labels: identity.labels,
      numaNodes: topology.numaNodes,
      cores: topology.cores,
      caches: topology.caches,
      dedicatedCpus,
      sharedCpus,
      vcpusPerSharedCpu: policy.vcpusPerSharedCpu ?? defaultVcpusPerSharedCpu,
      reservedHugepages,
      unschedulable: policy.unschedulable ?? false,
      maxPriority: policy.maxPriority ?? defaultMaxPriority,
      networks: policy.networks ?? [],
      deviceClasses: policy.deviceClasses ?? [],
    },
    [...nothingDedicatedWarning(dedicatedCpus), ...splitCoreWarning(topology.cores, dedicatedCpus, sharedCpus)],
  );
}

function divideCpus(topology: HostTopology, policy: HostPolicy): { dedicatedCpus: CpuSet; sharedCpus: CpuSet } {
  const isolated = topology.isolated.intersection(topology.online);
  const dedicatedCpus = policy.dedicatedCpus ?? isolated.minus(policy.sharedCpus ?? CpuSet.empty());
  // An isolated CPU is no place for what floats: the scheduler never moves a thread off it.
  const sharedCpus = policy.sharedCpus ?? topology.online.minus(dedicatedCpus).minus(isolated);
  return { dedicatedCpus, sharedCpus };
}

function offlineProblem(path: string, cpus: CpuSet, topology: HostTopology): FieldProblem[] {
  const offline = cpus.minus(topology.online);
  if (offline.isEmpty) return [];
  return [{
    code: 'CPU_NOT_ONLINE',
    path,
    value: cpus.toString(),
    message: `CPUs ${offline.toString()} are not online on this host; accepted: CPUs among ${topology.online.toString()}`,
  }];
}

function overlapProblem(dedicated: CpuSet, shared: CpuSet): FieldProblem[] {
  const both = dedicated.intersection(shared);
  if (both.isEmpty) return [];
  return [{
    code: 'CPU_DEDICATED_AND_SHARED',
    path: 'spec.sharedCpus',
    value: shared.toString(),
    message: `CPUs ${both.toString()} are in spec.dedicatedCpus (${dedicated.toString()}) too; a CPU is dedicated or shared, never both`,
  }];
}

function reservedProblem(reserved: ReservedHugepages, index: number, topology: HostTopology): FieldProblem[] {
  const path = `spec.reservedHugepages[${index}]`;
  const node = topology.numaNodes.find(({ id }) => id === reserved.numaNode);
  if (node === undefined) {
    const ids = CpuSet.from(topology.numaNodes.map(({ id }) => id));
    return [{ code: 'NUMA_NODE_MISSING', path: `${path}.numaNode`, value: reserved.numaNode, message: `this host has no NUMA node ${reserved.numaNode}; accepted: ${ids.toString()}` }];
  }
  const total = node.hugepages.find(({ sizeKiB }) => sizeKiB === reserved.sizeKiB)?.total ?? 0;
  if (reserved.count <= total) return [];
  return [{
    code: 'TOO_FEW_HUGEPAGES',
    path: `${path}.count`,
    value: reserved.count,
    message: `NUMA node ${node.id} has ${total} pages of ${reserved.sizeKiB} KiB, fewer than the ${reserved.count} that are to be reserved; accepted: 0 to ${total}`,
  }];
}

function nothingDedicatedWarning(dedicated: CpuSet): FieldProblem[] {
  if (!dedicated.isEmpty) return [];
  return [{
    code: 'NOTHING_DEDICATED',
    path: 'spec.dedicatedCpus',
    message: 'no CPU is dedicated, so only VMs of policy Shared fit here: isolate CPUs on the kernel command line (isolcpus=managed_irq,domain,LIST nohz_full=LIST rcu_nocbs=LIST) '
      + 'and boot again, or name CPUs in spec.dedicatedCpus, which then are not kept free of other work',
  }];
}

function splitCoreWarning(cores: readonly CpuSet[], dedicated: CpuSet, shared: CpuSet): FieldProblem[] {
  const split = cores.filter((core) => core.overlaps(dedicated) && core.overlaps(shared));
  if (split.length === 0) return [];
  return [{
    code: 'CORE_DEDICATED_AND_SHARED',
    path: 'spec.sharedCpus',
    value: shared.toString(),
    message: `of the cores ${split.map((core) => `{${core.toString()}}`).join(' ')} one SMT sibling is dedicated and another shared: what floats on the shared one slows the dedicated one; give whole cores to either`,
  }];
}
