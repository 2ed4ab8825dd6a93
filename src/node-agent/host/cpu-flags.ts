/** What the host's CPUs can do, by the kernel's names for it. */
import { join } from 'node:path';
import { readText } from './host-root.ts';
import type { HostRoot } from './host-root.ts';

/** The flags of the first CPU in /proc/cpuinfo; empty where there is none of that name (they are x86's). */
export function readCpuFlags(root: HostRoot): ReadonlySet<string> {
  const line = /^flags\s*:(.*)$/m.exec(readText(join(root.proc, 'cpuinfo')) ?? '')?.[1];
  return new Set(line?.trim().split(/\s+/));
}
