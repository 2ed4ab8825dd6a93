/** Whether an open restore may be accepted, and with which nodes called off: pure. */
import { nearest } from '../../realtime/nearest.ts';
import { silentNodes } from './restore-state.ts';
import type { RestoreState } from './restore-state.ts';

export type Acceptance =
  | { readonly kind: 'accepted'; readonly id: string; readonly off: readonly string[] }
  | { readonly kind: 'nothing'; readonly message: string }
  | { readonly kind: 'refused'; readonly message: string };

/**
 * @param named nodes of which the person says that they are off.
 * @param isAtWork its agent renews its Lease: it is not off.
 */
export function acceptanceOf(state: RestoreState | undefined, named: readonly string[], isAtWork: (node: string) => boolean): Acceptance {
  if (state === undefined) return refused('no restore of the store is open, so there is nothing to accept');
  const silent = silentNodes(state);
  const accepted = silent.length === 0 ? 'all have answered, so that no node is named' : `of the nodes that have not answered: ${silent.join(', ')}`;
  for (const name of named) {
    const node = state.nodes.find((one) => one.node === name);
    if (node === undefined) {
      const meant = nearest(name, state.nodes.map((one) => one.node));
      return refused(`--off: there is no node ${name}${meant === undefined ? '' : `; did you mean ${meant}?`}; accepted: ${accepted}`);
    }
    if (node.saidOff) continue;
    if (node.answered) return refused(`--off: ${name} has answered, so it is not off; accepted: ${accepted}`);
    if (isAtWork(name)) return refused(`--off: the agent of ${name} renews its Lease, so it is not off: it answers in a moment; accepted: nodes whose machines are off`);
  }
  const open = silent.filter((node) => !named.includes(node));
  if (open.length > 0) {
    return refused(`not answered yet by ${open.join(', ')}, which may run what the store has forgotten; accepted: once the agent there has answered, or, where the machine is off, --off ${[...new Set([...named, ...open])].join(',')}`);
  }
  const off = [...new Set([...state.accepted?.off ?? [], ...named])].sort();
  if (state.accepted !== undefined && off.length === state.accepted.off.length) return { kind: 'nothing', message: 'it is accepted already' };
  return { kind: 'accepted', id: state.id, off };
}

function refused(message: string): Acceptance {
  return { kind: 'refused', message };
}
