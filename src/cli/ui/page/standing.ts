/** How a VM or node stands, in the few kinds that the page tells apart. */
import type { NodeView, VmView } from '../wire.ts';

export interface Standing {
  /** In the order in which they ask for a person. */
  readonly kind: 'bad' | 'waiting' | 'changing' | 'fine' | 'off';
  /** A word or two, for the list. */
  readonly word: string;
}

export const standingOrder: Readonly<Record<Standing['kind'], number>> = { bad: 0, waiting: 1, changing: 2, fine: 3, off: 4 };

export function standingOf(vm: VmView): Standing {
  if (vm.deleting === true) return { kind: 'changing', word: 'Deleting' };
  if (vm.phase === 'Failed' || vm.phase === 'Unknown') return { kind: 'bad', word: vm.phase };
  if (vm.verified === 'False' || vm.errors > 0) return { kind: 'bad', word: 'Not verified' };
  if (vm.reason === 'Emulated') return { kind: 'bad', word: 'Emulated' };
  // A VM that nobody has looked at yet waits, too.
  if (vm.phase === 'Pending') return { kind: 'waiting', word: 'Pending' };
  if (vm.phase === 'Stopped') return vm.ready === undefined ? { kind: 'off', word: 'Stopped' } : { kind: 'changing', word: 'Stopped' };
  if (vm.ready !== 'True') return { kind: 'changing', word: vm.phase === 'Running' ? 'Auditing' : vm.phase };
  return { kind: 'fine', word: vm.verified === 'True' ? 'Verified' : 'Running' };
}

export function nodeNeedsCare({ marks }: NodeView): boolean {
  return marks.some(({ level }) => level !== 'note');
}
