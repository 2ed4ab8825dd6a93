/** Who holds locks on a file, from /proc/locks: without opening the file and without a fork. */
import type { BigIntStats } from 'node:fs';
import { join } from 'node:path';
import { readText } from './host-root.ts';
import type { HostRoot } from './host-root.ts';

/**
 * The pids that hold a lock on the file; empty where nobody does. A lock of an open file description, which is what QEMU
 * takes on its disks, belongs to no process: it counts with the kernel's -1, and so does a holder in another pid namespace.
 */
export function lockHolders(root: HostRoot, file: BigIntStats): number[] {
  const major = ((file.dev >> 8n) & 0xfffn) | ((file.dev >> 32n) & ~0xfffn);
  const minor = (file.dev & 0xffn) | ((file.dev >> 12n) & ~0xffn);
  const hex = (number: bigint) => number.toString(16).padStart(2, '0');
  const identity = `${hex(major)}:${hex(minor)}:${file.ino}`;
  // 1: POSIX  ADVISORY  WRITE 4711 fe:00:2147738 0 EOF; a line with -> waits for one.
  return (readText(join(root.proc, 'locks')) ?? '').split('\n').flatMap((line) => {
    const [, , , , pid, identityThere] = line.split(/\s+/);
    return identityThere === identity ? [Number(pid)] : [];
  });
}
