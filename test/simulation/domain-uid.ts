/** UID of the VM that a domain was made for, by its own XML; undefined of a domain that is none of ours. */
export function vmUidIn(xml: string): string | undefined {
  return /uid=.([0-9a-f-]{36})/.exec(xml)?.[1];
}
