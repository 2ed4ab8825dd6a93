/** What a domain of ours carries in its metadata, so that its placement is known even where nothing else remembers it. */
import * as z from 'zod';
import { timestamp } from '../crds/formats.ts';
import { placementToWire } from '../crds/placement-wire.ts';
import { placement as placementSchema } from '../crds/placement-schema.ts';
import type { PlacementWire } from '../crds/placement-schema.ts';
import type { Placement } from '../realtime/placement.ts';
import { parseIgnoringNewer } from '../store/newer-fields.ts';

const payload = z.object({ placement: placementSchema });
const restarted = z.object({ restartedAt: timestamp() });

/** @param restartedAt of the allocation's entry: kept where the domain is, so that no restart is made twice. */
export function formatPayload(placement: Placement, restartedAt?: string): string {
  return JSON.stringify({ placement: placementToWire(placement), ...(restartedAt === undefined ? {} : { restartedAt }) });
}

/** The `restartedAt` that a domain was made with; undefined where with none. */
export function restartedAtOf(text: string): string | undefined {
  try {
    return restarted.parse(JSON.parse(text)).restartedAt;
  } catch {
    return undefined;
  }
}

/** Without the fields of a newer version. Undefined where a person has written something else. */
export function parsePayload(text: string): PlacementWire | undefined {
  try {
    return parseIgnoringNewer(payload, JSON.parse(text)).data?.placement;
  } catch {
    return undefined;
  }
}
