/** On which host NUMA nodes the memory of a domain is, by the accounts of its own control group. */
import { join } from 'node:path';
import type { MemoryByNode, ObservedGroups } from '../../realtime/observed.ts';
import type { CgroupTree, GroupPlace } from './cgroup-tree.ts';
import { listNames } from './host-root.ts';
import { readProcFile } from './proc-file.ts';

/**
 * @param text of `/proc/PID/cgroup`. What the groups do not account, as hugetlb's where nobody has switched its
 * controller on, is absent.
 */
export function readCgroupMemory(tree: CgroupTree, text: string): Pick<ObservedGroups, 'smallKiB' | 'hugeKiB'> {
  const smallKiB = smallPages(tree.place(text, 'memory'));
  const hugeKiB = hugePages(tree.place(text, 'hugetlb'));
  return { ...(smallKiB === undefined ? {} : { smallKiB }), ...(hugeKiB === undefined ? {} : { hugeKiB }) };
}

/**
 * Version 1 says in pages, `total` with what is locked; version 2 in bytes, where what is locked counts as anonymous
 * or (shared memory) as file (kernel doc admin-guide/cgroup-v1/memory and cgroup-v2, memory.numa_stat).
 */
function smallPages(place: GroupPlace | undefined): MemoryByNode | undefined {
  const found = ownDirectories(place).map((directory) => readProcFile(join(directory, 'memory.numa_stat')));
  const text = found.find((one) => one !== undefined);
  if (text === undefined || place === undefined) return undefined;
  if (place.version === 1) {
    // With groups below it, whose pages are the domain's too.
    const total = /^hierarchical_total=\d+(.*)$/m.exec(text)?.[1] ?? /^total=\d+(.*)$/m.exec(text)?.[1];
    return total === undefined ? undefined : byNode(total, (pages) => 4 * pages);
  }
  const anonymous = byNode(/^anon (.*)$/m.exec(text)?.[1] ?? '', kiBOfBytes);
  const file = byNode(/^file (.*)$/m.exec(text)?.[1] ?? '', kiBOfBytes);
  return anonymous.size === 0 ? undefined : new Map([...anonymous].map(([node, kiB]) => [node, kiB + (file.get(node) ?? 0)]));
}

/** `hugetlb.2MB.numa_stat`, in bytes (Linux 5.17, both versions). */
function hugePages(place: GroupPlace | undefined): ObservedGroups['hugeKiB'] {
  for (const directory of ownDirectories(place)) {
    const sizes = listNames(directory).flatMap((name) => {
      const size = /^hugetlb\.(\d+)([KMG])B\.numa_stat$/.exec(name);
      return size === null ? [] : [{ name, sizeKiB: Number(size[1]) * { K: 1, M: 1024, G: 1_048_576 }[size[2]!]! }];
    });
    if (sizes.length === 0) continue;
    const onNodes = (name: string) => byNode(readProcFile(join(directory, name)) ?? '', kiBOfBytes);
    return new Map(sizes.map(({ name, sizeKiB }) => [sizeKiB, onNodes(name)]));
  }
  return undefined;
}

function kiBOfBytes(bytes: number): number {
  return bytes / 1024;
}

/** `… N0=8192 N1=0`. */
function byNode(line: string, toKiB: (figure: number) => number): MemoryByNode {
  const figures = [...line.matchAll(/\bN(\d+)=(\d+)/g)];
  return new Map(figures.map(([, node, figure]) => [Number(node), toKiB(Number(figure))]));
}

/**
 * The group and those above it that are this domain's alone: libvirt names the topmost of them
 * `qemu-1-vm.libvirt-qemu`, systemd `machine-qemu\x2d1\x2dvm.scope`. None for a process in no such group.
 */
function ownDirectories(place: GroupPlace | undefined): readonly string[] {
  if (place === undefined) return [];
  const parts = place.path.split('/').filter((part) => part !== '');
  const top = parts.findIndex((part) => /qemu(?:-|\\x2d)\d+(?:-|\\x2d)/.test(part));
  if (top < 0) return [];
  return parts.slice(top).map((_, index) => join(place.mount, ...parts.slice(0, parts.length - index)));
}
