/** The controller's next step for a node's guard pod: it stands in kubelet's books for the memory of guests. */
import { decide } from './row.ts';
import type { Decision, Row, Table } from './row.ts';

export interface GuardSituation {
  /**
   * `Ending`: somebody has deleted or evicted it, and our finalizer holds it. `Ended`: kubelet has refused it, or
   * it was ended.
   */
  readonly pod: 'None' | 'Stands' | 'Ending' | 'Ended';
  /** Entries, or domains by the last statement, that have not ended. */
  readonly holds: boolean;
  /** The table is this controller's and its agent has answered the seal: else what it holds is not known. */
  readonly known: boolean;
  readonly fenced: boolean;
  readonly cordoned: boolean;
  readonly asksOtherwise: boolean;
  /** How long it is to be left as it is still, so that changes that come one after the other cost one pod. */
  readonly restMs: number;
}

export type GuardStep =
  | { readonly do: 'create' | 'letGo' | 'delete' | 'none' }
  | { readonly do: 'wait'; readonly forMs: number };

const step = (what: 'create' | 'letGo' | 'delete' | 'none') => (): GuardStep => ({ do: what });

const rows: readonly Row<GuardSituation, GuardStep>[] = [
  {
    name: 'fenced', given: 'its node is fenced, and there is one', when: (s) => s.fenced && s.pod !== 'None',
    does: 'let it go', step: step('letGo'), why: 'The machine is off, and nothing waits for it.', serves: ['Live'],
  },
  {
    name: 'not-known', given: 'what the node holds is not known', when: (s) => !s.known && s.pod !== 'None',
    does: 'nothing', step: step('none'), why: 'To let it go would say that nothing runs there.',
    serves: ['I6', 'I8'],
  },
  {
    name: 'create', given: 'there is none, and the node holds something',
    when: (s) => s.pod === 'None' && s.holds && !s.fenced,
    does: 'create it', step: step('create'), why: 'Kubelet must not give that memory to others.', serves: ['I8'],
  },
  {
    name: 'none', given: 'there is none', when: ({ pod }) => pod === 'None', does: 'nothing',
    step: step('none'), why: 'It stands for nothing.', serves: [],
  },
  {
    name: 'drained', given: 'it is ending, and the node holds nothing', when: (s) => s.pod === 'Ending' && !s.holds,
    does: 'let it go', step: step('letGo'), why: 'The drain goes on: all guests have ended.', serves: ['Live'],
  },
  {
    name: 'draining', given: 'it is ending, on a cordoned node', when: (s) => s.pod === 'Ending' && s.cordoned,
    does: 'nothing', step: step('none'), why: 'The drain waits for the guests.', serves: ['I6'],
  },
  {
    name: 'deleted', given: 'it is ending, without a drain', when: ({ pod }) => pod === 'Ending',
    does: 'let it go', step: step('letGo'), why: 'It is made again.', serves: ['I8'],
  },
  {
    name: 'empty', given: 'the node holds nothing', when: ({ holds }) => !holds, does: 'delete it',
    step: step('delete'), why: 'It stands for nothing.', serves: [],
  },
  {
    name: 'cordoned', given: 'the node is cordoned', when: ({ cordoned }) => cordoned,
    does: 'nothing', step: step('none'),
    why: 'A drain that waits for this very pod would go on without the guests\' having ended.',
    serves: ['I6'],
  },
  {
    name: 'right', given: 'it asks for what the node holds',
    when: (s) => s.pod === 'Stands' && !s.asksOtherwise, does: 'nothing', step: step('none'), why: '',
    serves: [],
  },
  {
    name: 'young', given: 'it was made a moment ago', when: ({ restMs }) => restMs > 0, does: 'wait',
    step: ({ restMs }) => ({ do: 'wait', forMs: restMs }), why: 'Changes come in bursts.', serves: [],
  },
  {
    name: 'make-again', given: 'it has ended, or asks for other amounts', when: () => true, does: 'delete it',
    step: step('delete'), why: 'Amounts of a pod do not change.', serves: ['I8'],
  },
];

export const guardTable: Table<GuardSituation, GuardStep> = rows;

export function nextGuardStep(
  situation: GuardSituation, table: Table<GuardSituation, GuardStep> = guardTable,
): Decision<GuardStep> {
  return decide(table, situation);
}
