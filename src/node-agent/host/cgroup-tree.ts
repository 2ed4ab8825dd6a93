/**
 * Where the control groups of a thread are: which versions a host has mounted, and what `/proc/PID/cgroup` means
 * there.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { listNames } from './host-root.ts';
import type { HostRoot } from './host-root.ts';

/** One group in one hierarchy. */
export interface GroupPlace {
  readonly version: 1 | 2;
  /** Where the hierarchy is mounted. */
  readonly mount: string;
  /** From there: `/machine.slice/machine-qemu-1-vm.scope/libvirt/vcpu1`. */
  readonly path: string;
}

export interface CgroupTree {
  /**
   * The group whose controller it is, of the thread with this `/proc/PID/cgroup`; undefined where the host mounts none
   * such.
   */
  readonly place: (text: string, controller: 'cpuset' | 'cpu' | 'memory' | 'hugetlb') => GroupPlace | undefined;
  /** Every group that may freeze it: one of each version. */
  readonly freezers: (text: string) => readonly GroupPlace[];
}

/**
 * What is mounted does not change while a host is up: whoever reads often looks once.
 * @returns undefined where the root of the host's own tree is not there: in a container, without a mount of it.
 */
export function findCgroupTree({ cgroup: root }: HostRoot): CgroupTree | undefined {
  const unified = [root, join(root, 'unified')].find((directory) => existsSync(join(directory, 'cgroup.controllers')));
  // Every group but the root has a type (kernel doc admin-guide/cgroup-v2); of version 1, only the root says who
  // releases groups.
  const version2 = unified !== undefined && !existsSync(join(unified, 'cgroup.type')) ? unified : undefined;
  const version1 = new Map(unified === root ? [] : listNames(root)
    .filter((name) => existsSync(join(root, name, 'release_agent')))
    .flatMap((name) => name.split(',').map((controller): [string, string] => [controller, join(root, name)])));
  return version2 === undefined && version1.size === 0 ? undefined : treeOf(version1, version2);
}

function treeOf(version1: ReadonlyMap<string, string>, version2: string | undefined): CgroupTree {
  const unifiedPlace = (text: string): GroupPlace | undefined => {
    const path = /^0::(.*)$/m.exec(text)?.[1];
    if (version2 === undefined || path === undefined) return undefined;
    return { version: 2, mount: version2, path: fromRoot(path) };
  };
  const legacyPlace = (text: string, controller: string): GroupPlace | undefined => {
    const mount = version1.get(controller);
    const lines = text.split('\n').map((line) => /^\d+:([^:]+):(.*)$/.exec(line));
    const path = lines.find((line) => line?.[1]?.split(',').includes(controller))?.[2];
    return mount === undefined || path === undefined ? undefined : { version: 1, mount, path: fromRoot(path) };
  };
  return {
    place: (text, controller) => legacyPlace(text, controller) ?? unifiedPlace(text),
    freezers: (text) => [legacyPlace(text, 'freezer'), unifiedPlace(text)].filter((place) => place !== undefined),
  };
}

/** As seen by whoever has the host's tree before it. */
function fromRoot(path: string): string {
  return path.replace(/^(?:\/\.\.)+(?=\/|$)/, '') || '/';
}
