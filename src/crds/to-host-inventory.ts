/** RealtimeNode to the core's host. */
import { combine, combineAll, mapChecked, problemsOf, unless } from '../realtime/checked.ts';
import { CpuSet, unionOf } from '../realtime/cpu-set.ts';
import type { HostCache, HostInventory, HostNumaNode } from '../realtime/host.ts';
import { numaNodeId } from '../realtime/ids.ts';
import type { Checked, FieldProblem } from '../realtime/problem.ts';
import { accepted, refused } from '../realtime/problem.ts';
import { parseCpuList } from './cpu-list.ts';
import { deviceClassesOf, networksOf } from './host-devices.ts';
import { hugepagesOf, reservedHugepagesOf } from './host-hugepages.ts';
import type { NodeTopology } from './realtime-node-status.ts';
import type { RealtimeNode } from './realtime-node.ts';

/**
 * What placement sees of a host, or what is wrong with it. Codes: `TOPOLOGY_MISSING`, `NUMA_NODE_TWICE`, `NUMA_CPUS_TWICE`,
 * `NUMA_DISTANCES`, `CORES_TWICE`, `CORES_CPUS`, `CPUS_NOT_THERE`, `CPUS_DEDICATED_AND_SHARED`, and those of huge pages,
 * networks and devices.
 */
export function toHostInventory({ metadata, spec, status }: RealtimeNode): Checked<HostInventory> {
  const topology = status?.topology;
  if (topology === undefined) {
    return refused({ code: 'TOPOLOGY_MISSING', path: 'status.topology', message: 'is missing, so nothing can be placed here; the node\'s agent writes it, and "rtvm host inventory" prints it' });
  }
  const numaNodes = numaNodesOf(topology);
  if (!numaNodes.ok) return numaNodes;
  const all = unionOf(numaNodes.value.map(({ cpus }) => cpus));
  const parts = combine<Pick<HostInventory, 'cores' | 'caches' | 'dedicatedCpus' | 'sharedCpus' | 'reservedHugepages' | 'networks' | 'deviceClasses'>>({
    cores: coresOf(topology, all),
    caches: combineAll(topology.caches.map(({ level, cpus }, index) => mapChecked(parseCpuList(cpus, `status.topology.caches[${index}].cpus`), (set): HostCache => ({ level, cpus: set })))),
    dedicatedCpus: offeredCpus(spec.dedicatedCpus, 'spec.dedicatedCpus', all),
    sharedCpus: offeredCpus(spec.sharedCpus, 'spec.sharedCpus', all),
    reservedHugepages: reservedHugepagesOf(spec.reservedHugepages, numaNodes.value),
    networks: networksOf(spec.networks, topology.pciDevices),
    deviceClasses: deviceClassesOf(spec.deviceClasses, topology.pciDevices),
  });
  if (!parts.ok) return parts;
  const both = parts.value.dedicatedCpus.intersection(parts.value.sharedCpus);
  const problems: readonly FieldProblem[] = both.isEmpty ? [] : [{ code: 'CPUS_DEDICATED_AND_SHARED', path: 'spec.sharedCpus', value: spec.sharedCpus, message: `has CPUs ${both.toString()}, which spec.dedicatedCpus has too; accepted: each CPU in one of them` }];
  return unless(problems, () => ({
    name: metadata.name,
    labels: metadata.labels ?? {},
    numaNodes: numaNodes.value,
    ...parts.value,
    vcpusPerSharedCpu: spec.vcpusPerSharedCpu,
    unschedulable: spec.unschedulable,
    maxPriority: spec.maxPriority,
    latencyMicroseconds: status?.latency?.maxMicroseconds,
    notReady: status?.conditions?.find(({ type, status: truth }) => type === 'Ready' && truth === 'False')?.message,
  }));
}

function numaNodesOf({ numaNodes }: NodeTopology): Checked<readonly HostNumaNode[]> {
  const nodes = combineAll(numaNodes.map((node, index) => {
    const path = `status.topology.numaNodes[${index}]`;
    const local = 10;
    const remote = 20;
    const parts = combine({ cpus: parseCpuList(node.cpus, `${path}.cpus`), hugepages: hugepagesOf(node.hugepages, `${path}.hugepages`) });
    return mapChecked(parts, (read): HostNumaNode => ({
      id: numaNodeId(node.id),
      ...read,
      memoryMiB: node.memoryMiB,
      distances: node.distances ?? numaNodes.map((_, other) => (other === index ? local : remote)),
    }));
  }));
  if (!nodes.ok) return nodes;
  const problems: FieldProblem[] = [];
  const ids = new Set<number>();
  let seen = CpuSet.empty();
  for (const [index, { id, cpus, distances }] of nodes.value.entries()) {
    const path = `status.topology.numaNodes[${index}]`;
    const twice = cpus.intersection(seen);
    if (ids.has(id)) problems.push({ code: 'NUMA_NODE_TWICE', path: `${path}.id`, value: id, message: 'is the number of an earlier host NUMA node; accepted: a number of its own for each' });
    if (!twice.isEmpty) problems.push({ code: 'NUMA_CPUS_TWICE', path: `${path}.cpus`, value: cpus.toString(), message: `has CPUs ${twice.toString()}, which an earlier host NUMA node has; accepted: each CPU in one of them` });
    if (distances.length !== numaNodes.length) problems.push({ code: 'NUMA_DISTANCES', path: `${path}.distances`, message: `has ${distances.length} distances for ${numaNodes.length} host NUMA nodes; accepted: one for each, in their order` });
    ids.add(id);
    seen = seen.union(cpus);
  }
  return unless(problems, () => nodes.value);
}

/** Where cores are not known, each CPU is one. */
function coresOf({ cores }: NodeTopology, all: CpuSet): Checked<readonly CpuSet[]> {
  if (cores === undefined) return accepted(all.toArray().map((cpu) => CpuSet.of(cpu)));
  const path = 'status.topology.cores';
  const read = combineAll(cores.map((core, index) => parseCpuList(core, `${path}[${index}]`)));
  if (!read.ok) return refused(...problemsOf(read));
  const problems: FieldProblem[] = [];
  let seen = CpuSet.empty();
  for (const [index, core] of read.value.entries()) {
    const twice = core.intersection(seen);
    if (!twice.isEmpty) problems.push({ code: 'CORES_TWICE', path: `${path}[${index}]`, value: core.toString(), message: `has CPUs ${twice.toString()}, which an earlier core has; accepted: each CPU in one core` });
    seen = seen.union(core);
  }
  const strangers = seen.minus(all);
  const missing = all.minus(seen);
  if (!strangers.isEmpty) problems.push({ code: 'CORES_CPUS', path, message: `have CPUs ${strangers.toString()}, which no host NUMA node has; accepted: CPUs ${all.toString()}` });
  if (!missing.isEmpty) problems.push({ code: 'CORES_CPUS', path, message: `leave out CPUs ${missing.toString()}; accepted: each of CPUs ${all.toString()} in one core, or no such field (then each is a core)` });
  return unless(problems, () => read.value);
}

function offeredCpus(text: string | undefined, path: string, all: CpuSet): Checked<CpuSet> {
  const set = parseCpuList(text ?? '', path);
  if (!set.ok) return set;
  const strangers = set.value.minus(all);
  if (strangers.isEmpty) return set;
  return refused({ code: 'CPUS_NOT_THERE', path, value: text, message: `has CPUs ${strangers.toString()}, which the host does not have; accepted: CPUs ${all.toString()}` });
}
