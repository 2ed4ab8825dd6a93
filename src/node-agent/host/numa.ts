/** Host NUMA nodes with their CPUs, memory, distances and huge pages. */
import { join } from 'node:path';
import { CpuSet } from '../../realtime/cpu-set.ts';
import type { HostHugepages, HostNumaNode } from '../../realtime/host.ts';
import { numaNodeId } from '../../realtime/ids.ts';
import { HostError } from './host-error.ts';
import { listNames, listNumbered, readCpuList, readNumber, requireText } from './host-root.ts';
import type { HostRoot } from './host-root.ts';

/** The SLIT's figure for a node's own memory, which a kernel without NUMA does not write down. */
const localDistance = 10;

/**
 * The online host NUMA nodes, ascending; node numbers may have gaps, and a node may have memory or CPUs alone.
 * A kernel without NUMA is one node 0 that has everything.
 */
export function readNumaNodes(root: HostRoot, online: CpuSet): HostNumaNode[] {
  const nodesDirectory = join(root.sys, 'devices/system/node');
  const ids = listNumbered(nodesDirectory, 'node');
  if (ids.length === 0) return [wholeHost(root, online)];
  const nodes = ids.map((id) => {
    const directory = join(nodesDirectory, `node${id}`);
    return {
      id: numaNodeId(id),
      cpus: (readCpuList(join(directory, 'cpulist')) ?? CpuSet.empty()).intersection(online),
      memoryMiB: readMemoryMiB(join(directory, 'meminfo')),
      distances: requireText(join(directory, 'distance')).split(/\s+/).map(Number),
      hugepages: readHugepages(join(directory, 'hugepages')),
    };
  });
  const wrong = nodes.find((node) => node.distances.length !== nodes.length);
  if (wrong !== undefined) {
    throw new HostError('HOST_UNREADABLE', `${nodesDirectory}/node${wrong.id}/distance has ${wrong.distances.length} distances, but ${nodes.length} nodes are online`);
  }
  return nodes;
}

function wholeHost(root: HostRoot, online: CpuSet): HostNumaNode {
  return {
    id: numaNodeId(0),
    cpus: online,
    memoryMiB: readMemoryMiB(join(root.proc, 'meminfo')),
    distances: [localDistance],
    hugepages: readHugepages(join(root.sys, 'kernel/mm/hugepages')),
  };
}

/** `MemTotal:  1234 kB`, in a node's file preceded by `Node 0 `; rounded down. */
function readMemoryMiB(path: string): number {
  const match = /^(?:Node \d+ )?MemTotal:\s+(\d+) kB$/m.exec(requireText(path));
  if (match === null) throw new HostError('HOST_UNREADABLE', `${path} has no line "MemTotal: N kB"`);
  return Math.floor(Number(match[1]) / 1024);
}

/**
 * Pages by ascending size. `nr_hugepages` counts surplus (overcommitted) pages too, which go back to the kernel as soon as
 * they are free: they are no stock that placement could give out (kernel doc admin-guide/mm/hugetlbpage).
 */
function readHugepages(directory: string): HostHugepages[] {
  return listNames(directory)
    .flatMap((name) => {
      const size = /^hugepages-(\d+)kB$/.exec(name)?.[1];
      if (size === undefined) return [];
      const count = (file: string) => readNumber(join(directory, name, file)) ?? 0;
      const total = count('nr_hugepages') - count('surplus_hugepages');
      return [{ sizeKiB: Number(size), total, free: Math.min(count('free_hugepages'), total) }];
    })
    .sort((a, b) => a.sizeKiB - b.sizeKiB);
}
