/** What the machine has, as the kernel tells it: host NUMA nodes, cores, caches, and which CPUs are online and isolated. */
import { join } from 'node:path';
import { CpuSet } from '../../realtime/cpu-set.ts';
import type { HostCache, HostNumaNode } from '../../realtime/host.ts';
import { HostError } from './host-error.ts';
import { listNumbered, readCpuList, readNumber, readText } from './host-root.ts';
import type { HostRoot } from './host-root.ts';
import { readNumaNodes } from './numa.ts';

export interface HostTopology {
  readonly numaNodes: readonly HostNumaNode[];
  /** SMT sibling sets of the online CPUs, by their lowest CPU. */
  readonly cores: readonly CpuSet[];
  /** The caches that cores share, by level and lowest CPU. */
  readonly caches: readonly HostCache[];
  readonly online: CpuSet;
  readonly present: CpuSet;
  /** CPUs that the scheduler does not balance over: `isolcpus=domain` at boot, or an isolated cpuset partition. */
  readonly isolated: CpuSet;
  /** CPUs whose tick may stop: `nohz_full=`. */
  readonly nohzFull: CpuSet;
}

/**
 * Reads the topology of the online CPUs; an offline CPU has no place in a core, a node or a cache.
 * @throws HostError `HOST_UNREADABLE` naming the file.
 */
export function readTopology(root: HostRoot): HostTopology {
  const directory = join(root.sys, 'devices/system/cpu');
  const online = readOnlineCpus(root);
  const cores = readCores(directory, online);
  return {
    numaNodes: readNumaNodes(root, online),
    cores,
    caches: readSharedCaches(directory, online, cores),
    online,
    present: readCpuList(join(directory, 'present')) ?? online,
    isolated: readIsolated(root, directory),
    nohzFull: readCpuList(join(directory, 'nohz_full')) ?? CpuSet.empty(),
  };
}

/** @throws HostError `HOST_UNREADABLE` naming the file. */
export function readOnlineCpus(root: HostRoot): CpuSet {
  const directory = join(root.sys, 'devices/system/cpu');
  const online = readCpuList(join(directory, 'online'));
  if (online === undefined || online.isEmpty) throw new HostError('HOST_UNREADABLE', `${directory}/online names no CPU; is sysfs mounted there?`);
  return online;
}

/** `isolated` of sysfs is what was isolated at boot; cpuset partitions of cgroup v2 are told in a file of their own (Linux 6.7). */
function readIsolated(root: HostRoot, directory: string): CpuSet {
  const atBoot = readCpuList(join(directory, 'isolated')) ?? CpuSet.empty();
  return atBoot.union(readCpuList(join(root.sys, 'fs/cgroup/cpuset.cpus.isolated')) ?? CpuSet.empty());
}

function readCores(directory: string, online: CpuSet): CpuSet[] {
  const cores: CpuSet[] = [];
  let seen = CpuSet.empty();
  for (const cpu of online) {
    if (seen.has(cpu)) continue;
    const topology = join(directory, `cpu${cpu}`, 'topology');
    // core_cpus_list is the newer name of the same list (Linux 5.3).
    const siblings = readCpuList(join(topology, 'core_cpus_list')) ?? readCpuList(join(topology, 'thread_siblings_list'));
    const core = (siblings ?? CpuSet.empty()).intersection(online).minus(seen).union(CpuSet.of(cpu));
    cores.push(core);
    seen = seen.union(core);
  }
  return cores;
}

/** Data and unified caches over more than one core: a cache that one core has to itself says nothing that `cores` does not. */
function readSharedCaches(directory: string, online: CpuSet, cores: readonly CpuSet[]): HostCache[] {
  const caches = new Map<string, HostCache>();
  for (const core of cores) {
    const cpu = core.first!;
    const cacheDirectory = join(directory, `cpu${cpu}`, 'cache');
    for (const index of listNumbered(cacheDirectory, 'index')) {
      const file = (name: string) => join(cacheDirectory, `index${index}`, name);
      const level = readNumber(file('level'));
      const cpus = readCpuList(file('shared_cpu_list'))?.intersection(online);
      if (level === undefined || cpus === undefined || cpus.isSubsetOf(core) || readText(file('type')) === 'Instruction') continue;
      caches.set(`${level} ${cpus.toString()}`, { level, cpus });
    }
  }
  return [...caches.values()].sort((a, b) => a.level - b.level || a.cpus.first! - b.cpus.first!);
}
