/** The name of a VM's domain: readable, unique on a host, and usable as a file name. */
import type { VmIdentity } from '../ids.ts';
import { stableHash } from './stable-hash.ts';

/**
 * libvirt makes files of it, the longest being `NAME_VARS.fd` with a temporary `.new`; a file name holds 255 bytes and
 * namespace and name together up to 316. This leaves room for suffixes that are yet to come.
 */
const maxLength = 200;

/**
 * `rtvm-NAMESPACE-NAME-HASH`, of lower-case letters, digits, `.` and `-` only, at most {@link maxLength} bytes. The hash covers
 * the UID too, so that a re-created VM never takes the name of a domain that its predecessor left.
 */
export function domainName({ namespace, name, uid }: VmIdentity): string {
  const hash = stableHash(namespace, name, uid).slice(0, 8);
  const readable = `rtvm-${namespace}-${name}`.toLowerCase().replace(/[^a-z0-9.-]/g, '-');
  return `${readable.slice(0, maxLength - hash.length - 1)}-${hash}`;
}
