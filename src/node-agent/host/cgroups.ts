/**
 * Reads the control groups of a domain's process, of version 1, 2 or both at once: what its threads may use there,
 * whether they are frozen, and on which NUMA nodes their memory is. A handful of small reads an audit; each group is
 * read once.
 *
 * A container has a tree of its own, in which the host's groups are not; there, nothing is said of them. With the
 * host's tree mounted somewhere, paths that its own namespace writes as `/../../machine.slice/…`
 * (cgroup_namespaces(7)) are the host's own once the way up to the root is taken off.
 */
import { join } from 'node:path';
import { CpuListError, CpuSet } from '../../realtime/cpu-set.ts';
import type { CpuQuota, ObservedGroups, ObservedThread, ThreadGroup } from '../../realtime/observed.ts';
import { threadRole } from '../../realtime/verify/thread-role.ts';
import { readCgroupMemory } from './cgroup-memory.ts';
import type { CgroupTree, GroupPlace } from './cgroup-tree.ts';
import type { HostRoot } from './host-root.ts';
import { readProcFile } from './proc-file.ts';

/** @param threads of one reading; the groups of helpers of QEMU are its main thread's, and are not read. */
export function readGroups(
  root: HostRoot, tree: CgroupTree, pid: number, threads: readonly ObservedThread[],
): ObservedGroups {
  const reader = new GroupReader(tree);
  for (const { tid, comm } of threads) {
    const { kind } = threadRole(comm);
    if (tid !== pid && kind !== 'vcpu' && kind !== 'iothread') continue;
    reader.add(tid, readProcFile(`${root.proc}/${pid}/task/${tid}/cgroup`));
  }
  const main = readProcFile(`${root.proc}/${pid}/cgroup`);
  return { ...reader.groups(), ...(main === undefined ? {} : readCgroupMemory(tree, main)) };
}

interface SeenQuota {
  readonly name: string;
  readonly cpus: number | undefined;
  readonly tids: number[];
}

class GroupReader {
  readonly #tree: CgroupTree;
  readonly #tidsByText = new Map<string, number[]>();
  /** By directory; `cpus` is undefined for one that cannot be read. */
  readonly #quotas = new Map<string, SeenQuota>();

  constructor(tree: CgroupTree) {
    this.#tree = tree;
  }

  /** @param text of `/proc/PID/task/TID/cgroup`; undefined for a thread that has ended. */
  add(tid: number, text: string | undefined): void {
    if (text === undefined) return;
    const tids = this.#tidsByText.get(text);
    if (tids === undefined) this.#tidsByText.set(text, [tid]);
    else tids.push(tid);
  }

  groups(): Pick<ObservedGroups, 'threads' | 'quotas'> {
    const threads = [...this.#tidsByText].map(([text, tids]) => this.#group(text, tids));
    const quotas = [...this.#quotas.values()];
    const seen = quotas.length > 0 && quotas.every(({ cpus }) => cpus !== undefined);
    if (!seen) return { threads };
    const limits = ({ cpus = Infinity, name, tids }: SeenQuota): readonly CpuQuota[] => (
      cpus === Infinity ? [] : [{ name, cpus, tids }]
    );
    return { threads, quotas: quotas.flatMap(limits) };
  }

  #group(text: string, tids: readonly number[]): ThreadGroup {
    const places = {
      cpuset: this.#tree.place(text, 'cpuset'), cpu: this.#tree.place(text, 'cpu'), freezer: this.#tree.freezers(text),
    };
    if (places.cpu !== undefined) this.#addQuotas(places.cpu, tids);
    const named = places.cpuset ?? places.cpu ?? places.freezer[0];
    return {
      name: named?.path.split('/').slice(-2).join('/') || '/',
      tids,
      cpus: places.cpuset === undefined ? undefined : effectiveCpus(places.cpuset),
      realtimeShare: places.cpu === undefined ? undefined : realtimeShare(places.cpu),
      frozen: isFrozen(places.freezer),
    };
  }

  /** Those of the group and of all above it: each holds for everything below it. */
  #addQuotas(place: GroupPlace, tids: readonly number[]): void {
    const parts = place.path.split('/').filter((part) => part !== '');
    // The root has no quota, and no file for one under version 2.
    if (parts.length === 0) this.#addQuota(place.mount, Infinity, '/', []);
    parts.forEach((_, index) => {
      const path = parts.slice(0, index + 1);
      const directory = join(place.mount, ...path);
      const cpus = this.#quotas.has(directory) ? undefined : quotaOf(directory, place.version);
      this.#addQuota(directory, cpus, path.slice(-2).join('/'), tids);
    });
  }

  #addQuota(directory: string, cpus: number | undefined, name: string, tids: readonly number[]): void {
    const known = this.#quotas.get(directory);
    if (known === undefined) this.#quotas.set(directory, { cpus, name, tids: [...tids] });
    else known.tids.push(...tids);
  }
}

/**
 * `cpuset.cpus.effective`; version 1 has it as `cpuset.effective_cpus`. A group without the controller is bound by the
 * next one above that has it.
 */
function effectiveCpus({ mount, path, version }: GroupPlace): CpuSet | undefined {
  const file = version === 2 ? 'cpuset.cpus.effective' : 'cpuset.effective_cpus';
  const parts = path.split('/').filter((part) => part !== '');
  for (let length = parts.length; length >= 0; length -= 1) {
    const text = readProcFile(join(mount, ...parts.slice(0, length), file));
    if (text !== undefined) return cpuList(text);
  }
  return undefined;
}

function cpuList(text: string): CpuSet | undefined {
  try {
    return CpuSet.parse(text);
  } catch (error) {
    if (error instanceof CpuListError) return undefined;
    throw error;
  }
}

/** In CPUs; Infinity for no quota. A group without the controller (version 2) has none of its own. */
function quotaOf(directory: string, version: 1 | 2): number | undefined {
  if (version === 2) {
    const text = readProcFile(join(directory, 'cpu.max'));
    const isThere = () => readProcFile(join(directory, 'cgroup.controllers')) !== undefined;
    if (text === undefined) return isThere() ? Infinity : undefined;
    const [quota, period] = text.trim().split(' ');
    return quota === 'max' ? Infinity : Number(quota) / Number(period);
  }
  const quota = readProcFile(join(directory, 'cpu.cfs_quota_us'));
  const period = readProcFile(join(directory, 'cpu.cfs_period_us'));
  if (quota === undefined || period === undefined) return undefined;
  return Number(quota) < 0 ? Infinity : Number(quota) / Number(period);
}

/** Version 1 with RT_GROUP_SCHED alone has the files; the root's is the host's, which a host check looks at. */
function realtimeShare({ mount, path, version }: GroupPlace): number | undefined {
  if (version === 2 || path === '/') return undefined;
  const runtime = readProcFile(join(mount, path, 'cpu.rt_runtime_us'));
  const period = readProcFile(join(mount, path, 'cpu.rt_period_us'));
  if (runtime === undefined || period === undefined) return undefined;
  return Number(runtime) < 0 ? 1 : Number(runtime) / Number(period);
}

/**
 * A thread is frozen by either version's group; that of a root cannot be. Undefined where none of them can be read.
 */
function isFrozen(places: readonly GroupPlace[]): boolean | undefined {
  const states = places.map(({ mount, path, version }) => {
    if (path === '/') return false;
    const text = readProcFile(join(mount, path, version === 2 ? 'cgroup.events' : 'freezer.state'));
    return text === undefined ? undefined : version === 2 ? /^frozen 1$/m.test(text) : text.trim() !== 'THAWED';
  });
  return states.includes(true) ? true : states.includes(false) && !states.includes(undefined) ? false : undefined;
}
