/** Which kernel the host runs, and whether it is a realtime one. */
import { join } from 'node:path';
import { readText, requireText } from './host-root.ts';
import type { HostRoot } from './host-root.ts';

export interface KernelVersion {
  /** `6.12.41+deb13-rt-amd64`. */
  readonly release: string;
  /** `#1 SMP PREEMPT_RT Debian 6.12.41-1 (2025-08-12)`. */
  readonly version: string;
  readonly preemptRt: boolean;
}

/** PREEMPT_RT shows in /sys/kernel/realtime with the out-of-tree patches, in the version text with Linux 6.12 and later. */
export function readKernelVersion(root: HostRoot): KernelVersion {
  const version = requireText(join(root.proc, 'sys/kernel/version'));
  return {
    release: requireText(join(root.proc, 'sys/kernel/osrelease')),
    version,
    preemptRt: readText(join(root.sys, 'kernel/realtime')) === '1' || /\bPREEMPT[_ ]RT\b/.test(version),
  };
}
