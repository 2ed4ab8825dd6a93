/** What a person looks for: words that must all match, among them `is:` and `node:`. */
import type { NodeView, VmView } from '../wire.ts';
import type { Model } from './model.ts';
import { nodeNeedsCare, standingOf } from './standing.ts';

export const stateWords = ['attention', 'pending', 'unverified'] as const;
export type StateWord = (typeof stateWords)[number];

export interface Query {
  /** In lower case. */
  readonly words: readonly string[];
  readonly states: readonly StateWord[];
  readonly nodes: readonly string[];
}

export function parseQuery(text: string): Query {
  const parts = text.toLowerCase().split(/\s+/).filter((part) => part !== '');
  const states = stateWords.filter((state) => parts.includes(`is:${state}`));
  const nodes = parts.filter((part) => part.startsWith('node:')).map((part) => part.slice('node:'.length));
  return { words: parts.filter((part) => !part.startsWith('is:') && !part.startsWith('node:')), states, nodes };
}

export function isEmpty({ words, states, nodes }: Query): boolean {
  return words.length + states.length + nodes.length === 0;
}

/** The text with `is:STATE` put in, or taken out if it was there. */
export function toggleState(text: string, state: StateWord): string {
  const parts = text.split(/\s+/).filter((part) => part !== '');
  const token = `is:${state}`;
  return parts.includes(token) ? parts.filter((part) => part !== token).join(' ') : [token, ...parts.filter((part) => !part.startsWith('is:'))].join(' ');
}

export function vmMatches({ words, states, nodes }: Query, vm: VmView): boolean {
  const { kind } = standingOf(vm);
  const name = vm.key.toLowerCase();
  return words.every((word) => name.includes(word) || (vm.node?.includes(word) ?? false))
    && nodes.every((node) => vm.node?.startsWith(node) ?? false)
    && states.every((state) => (state === 'pending' ? kind === 'waiting' : state === 'unverified' ? kind === 'bad' : kind === 'bad' || kind === 'waiting'));
}

/** A node matches by itself, or by a VM on it. What is pending is on no node, so that hides none. */
export function nodeMatches({ words, states, nodes }: Query, node: NodeView, model: Model): boolean {
  const vms = node.vms.flatMap(({ key }) => model.vms.get(key) ?? []);
  return words.every((word) => node.name.includes(word) || node.vms.some(({ key }) => key.toLowerCase().includes(word)))
    && nodes.every((name) => node.name.startsWith(name))
    && states.every((state) => {
      const bad = () => vms.some((vm) => standingOf(vm).kind === 'bad') || node.vms.some(({ orphan, errors }) => orphan || errors > 0);
      return state === 'pending' || (state === 'unverified' ? bad() : bad() || nodeNeedsCare(node));
    });
}
