interface WithDisks {
  readonly disks: readonly { readonly persistence: 'Ephemeral' | 'NodeLocal' }[];
}

/** NodeLocal disks bind their VM to the node on which they are, until the VM is deleted. */
export function hasNodeLocalDisks({ disks }: WithDisks): boolean {
  return disks.some(({ persistence }) => persistence === 'NodeLocal');
}
