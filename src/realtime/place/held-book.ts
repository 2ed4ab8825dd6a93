/** Every placement that is held, by host, in the order in which it was told; hosts may be unknown yet. */
import type { HeldPlacement } from '../placement.ts';

export class HeldBook {
  readonly #byHost = new Map<string, Map<string, HeldPlacement>>();
  /** Hosts on which a VM holds something: more than one is a conflict. */
  readonly #hostsOf = new Map<string, Set<string>>();

  /** A later placement of the same VM on the same host is ignored: what is held stays held. Returns whether it is new. */
  add(held: HeldPlacement): boolean {
    const host = held.placement.host;
    const onHost = this.#byHost.get(host) ?? new Map<string, HeldPlacement>();
    if (onHost.has(held.uid)) return false;
    this.#byHost.set(host, onHost.set(held.uid, held));
    this.#hostsOf.set(held.uid, (this.#hostsOf.get(held.uid) ?? new Set<string>()).add(host));
    return true;
  }

  /** Removes all that a VM holds, and returns it. */
  remove(uid: string): readonly HeldPlacement[] {
    const hosts = this.#hostsOf.get(uid);
    if (hosts === undefined) return [];
    this.#hostsOf.delete(uid);
    return [...hosts].map((host) => {
      const onHost = this.#byHost.get(host)!;
      const held = onHost.get(uid)!;
      onHost.delete(uid);
      if (onHost.size === 0) this.#byHost.delete(host);
      return held;
    });
  }

  on(host: string): readonly HeldPlacement[] {
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
