/** Entries of an allocation, and the domains that an agent makes of them, from the whole guests of the fixtures. */
import { granted } from '../../crds/grant.ts';
import type { GrantedGuest } from '../../crds/grant.ts';
import { guestToWire } from '../../crds/guest-wire.ts';
import { placementToWire } from '../../crds/placement-wire.ts';
import type { AllocatedGuest } from '../../crds/realtime-allocation.ts';
import type { DomainInput } from '../../realtime/domain/domain-input.ts';
import { vmUid } from '../../realtime/ids.ts';
import { plain } from '../../store/change.ts';
import { formatPayload } from '../domain-payload.ts';
import type { HostDomain } from '../hypervisor.ts';

/** As it is read from a store. */
export function entryOf(
  { vm, generation, guest, placement }: DomainInput, change: Partial<AllocatedGuest> = {}, salt = 'salt',
): GrantedGuest {
  return plain(granted({
    vm, generation, desired: 'Running', guest: guestToWire(guest), placement: placementToWire(placement), ...change,
  }, salt));
}

/** As a controller of a version without grants writes it. */
export function withoutGrant(entry: AllocatedGuest): AllocatedGuest {
  return plain({ ...entry, grant: undefined });
}

/** One that runs, and was made of the entry. */
export function domainOf(
  entry: AllocatedGuest,
  { payload = formatPayload(entry), ...change }: Partial<HostDomain> & { readonly payload?: string } = {},
): HostDomain {
  const { vm: { namespace, name, uid }, generation, guest } = entry;
  return {
    name: `rtvm-${namespace}-${name}`, uuid: guest.uuid, run: 'running',
    metadata: { namespace, name, uid: vmUid(uid), generation, payload },
    ...change,
  };
}

/** As an agent of a version without grants writes it. */
export function payloadBefore({ placement }: AllocatedGuest): string {
  return JSON.stringify({ placement });
}
