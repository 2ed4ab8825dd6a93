/**
 * Starts that this process has begun. What one of them claims counts as taken from the moment that it was found to be
 * free: no two are let in side by side. I1, I8.
 */
import { LibvirtConnectionError, LibvirtError } from '../libvirt/errors.ts';
import type { HostDomain } from './hypervisor.ts';
import { requireHostFree } from './live-claims.ts';
import type { StartClaims } from './live-claims.ts';

export interface Start extends StartClaims {
  /** Of its domain. */
  readonly uuid: string;
}

export class StartsUnderWay {
  readonly #byUid = new Map<string, Start>();
  /** Domains that this process has defined, by UUID: no process before it starts them any more. */
  readonly #own = new Set<string>();
  /** Domains of a process before, by UUID, that libvirt has refused to undefine. */
  readonly #refused = new Set<string>();

  has(uid: string): boolean {
    return this.#byUid.has(uid);
  }

  isOwn(uuid: string): boolean {
    return this.#own.has(uuid);
  }

  /**
   * Undefines a domain that a process before this one has left. Where libvirt refuses to, nobody knows whether it is
   * being started still: until it is gone it counts as living, so that no agent is silent for it. I7.
   */
  async undefineLeft(uuid: string, undefine: () => Promise<void>): Promise<void> {
    try {
      await undefine();
    } catch (error) {
      if (error instanceof LibvirtError) this.#refused.add(uuid);
      throw error;
    }
    this.#refused.delete(uuid);
  }

  wasRefused(uuid: string): boolean {
    return this.#refused.has(uuid);
  }

  /**
   * Makes a start, and holds what it claims meanwhile.
   * @param domains as just read.
   * @throws StartError where something that lives, or another start, has what it claims; and what `make` throws.
   */
  async during(start: Start, domains: readonly HostDomain[], make: () => Promise<void>): Promise<void> {
    requireHostFree(start, domains, this.#byUid.values());
    this.#byUid.set(start.uid, start);
    this.#own.add(start.uuid);
    try {
      await make();
    } finally {
      this.#byUid.delete(start.uid);
    }
  }

  /** Where libvirt was lost meanwhile, nobody knows whether it still starts: it is as if another process had begun it. */
  isUnknown(error: unknown): boolean {
    const isLost = error instanceof LibvirtConnectionError;
    if (isLost) this.#own.clear();
    return isLost;
  }
}
