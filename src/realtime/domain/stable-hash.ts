/** A hash that is the same on every host and in every release: names and addresses derived from an identity must not change. */

const offsetBasis = 0xcbf29ce484222325n;
const prime = 0x100000001b3n;

/**
 * 64 bits as 16 hexadecimal digits: FNV-1a over the UTF-8 of the parts, each ended by a zero byte so that `ab`,`c` and
 * `a`,`bc` differ, then the finalizer of MurmurHash3, since FNV alone hardly moves the high bits of short texts.
 * Not for secrets: it only keeps names apart.
 */
export function stableHash(...parts: readonly string[]): string {
  let hash = offsetBasis;
  for (const byte of new TextEncoder().encode(parts.map((part) => `${part}\0`).join(''))) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * prime);
  }
  hash = BigInt.asUintN(64, (hash ^ (hash >> 33n)) * 0xff51afd7ed558ccdn);
  hash = BigInt.asUintN(64, (hash ^ (hash >> 33n)) * 0xc4ceb9fe1a85ec53n);
  return (hash ^ (hash >> 33n)).toString(16).padStart(16, '0');
}
