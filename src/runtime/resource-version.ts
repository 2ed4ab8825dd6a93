/** Resource versions: decimal numbers that grow with every write, which Kubernetes has promised since 1.35 and etcd always gave. */

/** Whether `version` is older than `other`; unknown (false) where one is no number. */
export function isOlder(version: string, other: string): boolean {
  const [one, two] = [parse(version), parse(other)];
  return one !== undefined && two !== undefined && one < two;
}

function parse(version: string): bigint | undefined {
  return /^\d+$/.test(version) ? BigInt(version) : undefined;
}
