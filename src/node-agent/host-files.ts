/** What an agent has on its host's disks: an edge of the machine. */
import type { DomainFiles } from '../realtime/domain/domain-input.ts';
import type { Guest } from '../realtime/guest.ts';
import type { VmIdentity } from '../realtime/ids.ts';

/** What of a VM's files outlives its domain. Once the VM may come to another node, nobody removes here what was kept. */
export interface KeptFiles {
  readonly nodeLocal: boolean;
  readonly serialLog: boolean;
}

export interface HostFiles {
  /**
   * Prepares the files of a domain that is about to start; the VM must have none running.
   * @throws ImageError with the code of the first thing that is wrong, what was made is removed again; an aborted signal's own reason.
   */
  prepare(vm: VmIdentity, guest: Guest, signal: AbortSignal): Promise<DomainFiles>;

  /** Removes what {@link prepare} made, but for what is kept. Nothing there is fine. */
  remove(vm: VmIdentity, kept: KeptFiles): Promise<void>;

  /** A text of the agent's own; undefined where it has written none. */
  readNote(name: string): Promise<string | undefined>;

  /** Replaces it, whole or not at all. It outlives the process, not a loss of power. */
  writeNote(name: string, text: string): Promise<void>;
}

/** @param imagesInUse the SHA-256 of the URL images of all guests that this host has: those stay in its cache. */
export type OpenHostFiles = (imagesInUse: () => ReadonlySet<string>) => HostFiles;
