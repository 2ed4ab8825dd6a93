/** The scheduling policy of a thread of this host. */
import { readLiveStat } from '../node-agent/host/process.ts';
import type { HostRoot } from '../node-agent/host/host-root.ts';

/** `FIFO`; undefined for a thread that is gone. */
export function policyName(root: HostRoot, tid: number): string | undefined {
  return readLiveStat(`${root.proc}/${tid}`)?.policy;
}
