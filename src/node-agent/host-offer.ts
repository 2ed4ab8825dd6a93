/** What this host's administrator gives to guests, by its RealtimeNode: no grant goes beyond it, whoever has written it. */
import type { HostInventory, HostNetwork } from '../realtime/host.ts';
import type { HeldPlacement } from '../realtime/placement.ts';
import { beyondOffer } from '../realtime/place/beyond-offer.ts';
import { StartError } from './start-failure.ts';

/** `unusable`: why the RealtimeNode, as it is now, cannot be gone by. */
export type HostOffer =
  | { readonly kind: 'usable'; readonly inventory: HostInventory }
  | { readonly kind: 'unusable'; readonly why: string };

/** @throws StartError where the placement holds what is not offered. */
export function requireOffered(offer: HostOffer | undefined, held: HeldPlacement): void {
  if (offer?.kind !== 'usable') {
    throw new StartError('NotOffered', `what this host gives to guests is not known: ${offer?.why ?? 'its RealtimeNode was not read yet'}`);
  }
  const beyond = beyondOffer(offer.inventory, held);
  if (beyond.length === 0) return;
  const remedy = 'give it to guests in the RealtimeNode, or halt the VM and start it again: then it gets another place';
  throw new StartError('NotOffered', `its place is not what this host gives to guests: ${beyond.join('; ')}; ${remedy}`);
}

/** Those that the administrator opened to guests. */
export function networksOf(offer: HostOffer | undefined): readonly HostNetwork[] {
  return offer?.kind === 'usable' ? offer.inventory.networks : [];
}
