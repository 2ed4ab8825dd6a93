/** Every placement that is held, by host, in the order in which it was told; hosts may be unknown yet. */
import type { Claim } from './claim.ts';
import { Ledger } from './ledger.ts';

export class HeldBook {
  readonly #byHost = new Map<string, Map<string, Claim>>();
  /** Hosts on which a VM holds something: more than one is a conflict. */
  readonly #hostsOf = new Ledger<string>();

  /** A later placement of the same VM on the same host is ignored: what is held stays held. Returns whether it is new. */
  add(claim: Claim): boolean {
    const { host } = claim.placement;
    let onHost = this.#byHost.get(host);
    if (onHost === undefined) this.#byHost.set(host, onHost = new Map<string, Claim>());
    if (onHost.has(claim.uid)) return false;
    onHost.set(claim.uid, claim);
    this.#hostsOf.add(claim.uid, host);
    return true;
  }

  /** Removes what a VM holds on a host, and returns it; undefined where it holds nothing there. */
  remove(uid: string, host: string): Claim | undefined {
    const onHost = this.#byHost.get(host);
    const claim = onHost?.get(uid);
    if (onHost === undefined || claim === undefined) return undefined;
    this.#hostsOf.remove(uid, host);
    onHost.delete(uid);
    if (onHost.size === 0) this.#byHost.delete(host);
    return claim;
  }

  on(host: string): readonly Claim[] {
    return [...(this.#byHost.get(host)?.values() ?? [])];
  }

  countOn(host: string): number {
    return this.#byHost.get(host)?.size ?? 0;
  }

  hostsOf(uid: string): readonly string[] {
    return this.#hostsOf.holdersOf(uid);
  }

  /** Every host on which something is held. */
  hosts(): readonly string[] {
    return [...this.#byHost.keys()];
  }
}
