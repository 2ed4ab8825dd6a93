/** Turns the name of an object, which tenants choose, into a file name that cannot leave its directory. */
import { createHash } from 'node:crypto';
import type { Kind, ResourceRef } from '../../crds/resource.ts';

/** ext4, XFS and Btrfs take 255 bytes; this leaves room for the suffixes. */
const longestStem = 200;
const keptOfLongStem = 160;

/**
 * The file name, without its suffix: `RealtimeVM_default_probe`, `RealtimeNode__host-a`. Two objects never share one: what could be
 * mistaken for a separator is encoded as `%XX`, and a name that is too long is cut and ends in `~` and a hash of the whole.
 */
export function fileStem({ kind, namespace = '', name }: ResourceRef): string {
  const stem = [kind, namespace, name].map(encodePart).join('_');
  if (stem.length <= longestStem) return stem;
  return `${stem.slice(0, keptOfLongStem)}~${createHash('sha256').update(stem).digest('hex').slice(0, 32)}`;
}

/** How every stem of one kind starts. */
export function stemPrefix(kind: Kind): string {
  return `${encodePart(kind)}_`;
}

function encodePart(part: string): string {
  let encoded = '';
  for (const byte of Buffer.from(part, 'utf8')) {
    const character = String.fromCharCode(byte);
    encoded += /^[A-Za-z0-9.-]$/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}
