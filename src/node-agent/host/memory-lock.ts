/** Whether a process may lock a guest's memory: its RLIMIT_MEMLOCK, and whether it may raise that for a child. */
import { join } from 'node:path';
import { readText } from './host-root.ts';
import type { HostRoot } from './host-root.ts';

export interface MemoryLockFacts {
  /** The hard limit in KiB, rounded down; `unlimited` for none. */
  readonly hardLimitKiB: number | 'unlimited';
  /** It holds CAP_SYS_RESOURCE, without which nobody raises a hard limit (setrlimit(2)). */
  readonly mayRaise: boolean;
}

/** capability.h */
const capSysResource = 24n;

/** Of one process, which for domains with `<locked/>` has to be the libvirt daemon's. Undefined when it is gone. */
export function readMemoryLock(root: HostRoot, pid: number): MemoryLockFacts | undefined {
  const limits = readText(join(root.proc, String(pid), 'limits'));
  const status = readText(join(root.proc, String(pid), 'status'));
  const limit = /^Max locked memory\s+\S+\s+(\d+|unlimited)\s/m.exec(limits ?? '')?.[1];
  const capabilities = /^CapEff:\s*([0-9a-f]+)$/m.exec(status ?? '')?.[1];
  if (limit === undefined || capabilities === undefined) return undefined;
  return {
    hardLimitKiB: limit === 'unlimited' ? limit : Math.floor(Number(limit) / 1024),
    mayRaise: (BigInt(`0x${capabilities}`) >> capSysResource & 1n) === 1n,
  };
}
