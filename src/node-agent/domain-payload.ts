/** What a domain of ours carries in its metadata: the grant that it was made with, known even where nothing else remembers it. */
import * as z from 'zod';
import { timestamp } from '../crds/formats.ts';
import { grantName, grantNameBefore } from '../crds/grant.ts';
import { guest as guestSchema } from '../crds/guest-schema.ts';
import type { GuestWire } from '../crds/guest-schema.ts';
import { placement as placementSchema } from '../crds/placement-schema.ts';
import type { PlacementWire } from '../crds/placement-schema.ts';
import type { AllocatedGuest } from '../crds/realtime-allocation.ts';
import type { DomainMetadata } from '../realtime/domain/parse-metadata.ts';
import { parseIgnoringNewer } from '../store/newer-fields.ts';

/** What a domain says of the grant that it was made with. */
export interface DomainGrant {
  readonly name: string;
  /** Absent where a person, or a version that is too new, has written something else. */
  readonly placement?: PlacementWire | undefined;
  /** Absent in a domain of a version that knew no grants. */
  readonly guest?: GuestWire | undefined;
  readonly salt?: string | undefined;
  /** Kept where the domain is, so that no restart is made twice. */
  readonly restartedAt?: string | undefined;
}

/** As it was written, with the fields of a newer version: a name is made of all of them. */
const written = z.object({ guest: z.unknown(), placement: z.unknown(), salt: z.string().min(1) });
const held = z.object({ placement: placementSchema });
const made = z.object({ guest: guestSchema });
const restarted = z.object({ restartedAt: timestamp() });

export function formatPayload(
  { guest, placement, grant, restartedAt }: Pick<AllocatedGuest, 'guest' | 'placement' | 'grant' | 'restartedAt'>,
): string {
  return JSON.stringify({
    placement,
    guest,
    ...(grant === undefined ? {} : { salt: grant.salt }),
    ...(restartedAt === undefined ? {} : { restartedAt }),
  });
}

/** What is read of one domain is asked for at every look, and never changes. */
const grants = new WeakMap<DomainMetadata, DomainGrant>();

export function grantOf(metadata: DomainMetadata): DomainGrant {
  let grant = grants.get(metadata);
  if (grant === undefined) grants.set(metadata, grant = readGrant(metadata));
  return grant;
}

function readGrant({ payload, namespace, name, uid }: DomainMetadata): DomainGrant {
  const value = readJson(payload);
  const whole = written.safeParse(value).data;
  const placement = partOf(held, value)?.placement;
  const guest = partOf(made, value)?.guest;
  const isWhole = whole !== undefined && guest !== undefined && placement !== undefined;
  return {
    name: isWhole
      ? grantName({
        vm: { namespace, name, uid }, guest: whole.guest as GuestWire, placement: whole.placement as PlacementWire,
        salt: whole.salt,
      })
      : grantNameBefore(uid),
    placement,
    guest,
    ...(isWhole ? { salt: whole.salt } : {}),
    restartedAt: partOf(restarted, value)?.restartedAt,
  };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Without the fields of a newer version. */
function partOf<Part>(schema: z.ZodType<Part>, value: unknown): Part | undefined {
  try {
    return parseIgnoringNewer(schema, value).data;
  } catch {
    return undefined;
  }
}
