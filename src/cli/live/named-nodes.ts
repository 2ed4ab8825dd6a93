/** Finds the RealtimeNodes that a person names on the command line. */
import { nearest } from '../../realtime/nearest.ts';
import type { Stored } from '../../store/resource.ts';
import { CommandError } from '../exit.ts';
import type { Live } from './connect.ts';

/** All of them by name, or those that are named in their order. @throws CommandError `NODE_MISSING` with the one that may have been meant. */
export async function chosenNodes(names: readonly string[], { store, signal }: Live): Promise<readonly Stored<'RealtimeNode'>[]> {
  const nodes = (await store.list('RealtimeNode', { signal })).toSorted((one, other) => (one.metadata.name < other.metadata.name ? -1 : 1));
  if (names.length === 0) return nodes;
  const byName = new Map(nodes.map((node) => [node.metadata.name, node]));
  return names.map((name) => {
    const node = byName.get(name);
    if (node !== undefined) return node;
    const meant = nearest(name, [...byName.keys()]);
    const hint = meant === undefined ? '; the agent of a node makes its RealtimeNode when it starts there: is the node labelled rtvm.dev/realtime=true?' : `; did you mean ${meant}?`;
    throw new CommandError('NODE_MISSING', `there is no RealtimeNode ${name}${hint}`);
  });
}
