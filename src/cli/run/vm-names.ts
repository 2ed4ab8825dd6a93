/** Finds the VMs that a person names on the command line. */
import { nearest } from '../../realtime/nearest.ts';
import { defaultNamespace } from '../../crds/metadata.ts';
import { CommandError } from '../exit.ts';

/** `name` is `default/name`. */
export function vmKeyOf(name: string): string {
  return name.includes('/') ? name : `${defaultNamespace}/${name}`;
}

/** @throws CommandError `VM_MISSING` with the name that may have been meant, and those that are there. */
export function requireKnown(names: readonly string[], known: readonly string[]): readonly string[] {
  const keys = names.map(vmKeyOf);
  const missing = keys.find((key) => !known.includes(key));
  if (missing === undefined) return keys;
  const meant = nearest(missing, known);
  const there = known.length === 0 ? 'there is none on this host' : `there is ${known.toSorted().join(', ')}`;
  throw new CommandError('VM_MISSING', `there is no VM ${missing}${meant === undefined ? '' : `; did you mean ${meant}?`} (${there})`);
}
