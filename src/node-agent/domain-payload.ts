/** What a domain of ours carries in its metadata, so that its placement is known even where nothing else remembers it. */
import { z } from 'zod';
import { placementToWire } from '../crds/placement-wire.ts';
import { placement as placementSchema } from '../crds/placement-schema.ts';
import type { PlacementWire } from '../crds/placement-schema.ts';
import type { Placement } from '../realtime/placement.ts';

const payload = z.object({ placement: placementSchema });

export function formatPayload(placement: Placement): string {
  return JSON.stringify({ placement: placementToWire(placement) });
}

/** Undefined where a person or another version has written something else. */
export function parsePayload(text: string): PlacementWire | undefined {
  try {
    return payload.parse(JSON.parse(text)).placement;
  } catch {
    return undefined;
  }
}
