/** Every placement that is held, by host, in the order in which it was told; hosts may be unknown yet. */
import type { Claim } from './claim.ts';

export class HeldBook {
  readonly #byHost = new Map<string, Map<string, Claim>>();
  /** Hosts on which a VM holds something: more than one is a conflict. */
  readonly #hostsOf = new Map<string, Set<string>>();

  /** A later placement of the same VM on the same host is ignored: what is held stays held. Returns whether it is new. */
  add(claim: Claim): boolean {
    const host = claim.placement.host;
    const onHost = this.#byHost.get(host) ?? new Map<string, Claim>();
    if (onHost.has(claim.uid)) return false;
    this.#byHost.set(host, onHost.set(claim.uid, claim));
    this.#hostsOf.set(claim.uid, (this.#hostsOf.get(claim.uid) ?? new Set<string>()).add(host));
    return true;
  }

  /** Removes all that a VM holds, and returns it. */
  remove(uid: string): readonly Claim[] {
    const hosts = this.#hostsOf.get(uid);
    if (hosts === undefined) return [];
    this.#hostsOf.delete(uid);
    return [...hosts].map((host) => {
      const onHost = this.#byHost.get(host)!;
      const claim = onHost.get(uid)!;
      onHost.delete(uid);
      if (onHost.size === 0) this.#byHost.delete(host);
      return claim;
    });
  }

  on(host: string): readonly Claim[] {
    return [...(this.#byHost.get(host)?.values() ?? [])];
  }

  hostsOf(uid: string): readonly string[] {
    return [...(this.#hostsOf.get(uid) ?? [])];
  }

  /** VMs that hold something on several hosts. */
  spread(): readonly (readonly [uid: string, hosts: readonly string[]])[] {
    return [...this.#hostsOf].filter(([, hosts]) => hosts.size > 1).map(([uid, hosts]) => [uid, [...hosts]]);
  }

  hosts(): readonly string[] {
    return [...this.#byHost.keys()];
  }
}
