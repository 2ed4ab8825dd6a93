/** Moves a thread of a domain's process to the cpuset of its main thread, where this host lets us. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findCgroupTree } from './cgroup-tree.ts';
import type { HostRoot } from './host-root.ts';
import { readProcFile } from './proc-file.ts';

/**
 * Between groups of one domain, which all end with it. In a container the tree is not there, or read-only.
 * @returns whether it was moved.
 */
export function joinMainThread(root: HostRoot, pid: number, tid: number): boolean {
  const tree = findCgroupTree(root);
  const text = readProcFile(join(root.proc, String(pid), 'cgroup'));
  const place = tree === undefined || text === undefined ? undefined : tree.place(text, 'cpuset');
  if (place === undefined) return false;
  try {
    writeFileSync(join(place.mount, place.path, place.version === 2 ? 'cgroup.threads' : 'tasks'), String(tid));
    return true;
  } catch {
    // The thread then stays where it is, and whoever asked says why that is no better.
    return false;
  }
}
