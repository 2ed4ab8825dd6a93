// Where libvirt listens on this host.
import { existsSync } from 'node:fs';

/** The modular daemon first: where both exist, the monolithic one is the leftover of an upgrade. */
export const standardSocketPaths = ['/run/libvirt/virtqemud-sock', '/run/libvirt/libvirt-sock'] as const;

/**
 * The socket to connect to: the named one, else the first standard one that exists. Where none does it is still a path, the last
 * that was tried, so that connecting to it gives the error that says what to do.
 */
export function findSocketPath(explicit?: string, candidates: readonly [string, ...string[]] = standardSocketPaths): string {
  return explicit ?? candidates.find((path) => existsSync(path)) ?? candidates.at(-1)!;
}
