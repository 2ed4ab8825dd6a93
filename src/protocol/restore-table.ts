/** The leader's next step about restores of the store: noticed by content, ended by a person. */
import { decide } from './row.ts';
import type { Decision, Row, Table } from './row.ts';
import type { Restore } from './facts.ts';

export interface RestoreSituation {
  readonly restore: Pick<Restore, 'kind'> & { readonly accepted: boolean } | undefined;
  /** This process has read a later count of the leader's Lease, of a run or of a table than there is now. */
  readonly remembersMore: boolean;
  /** It has just taken over, and the last leader's Lease was past for longer than controllers are ever away. */
  readonly leaseLongPast: boolean;
  /** Every node's table is sealed for the restore. */
  readonly allSealed: boolean;
  /** And answered, or a person's word stands for it. */
  readonly allHeard: boolean;
  readonly anyContradicts: boolean;
  /**
   * Every VM's run is Closed or lives where it says, in an entry, or is being removed; no domain of a VM lives
   * elsewhere; and
   * domains whose VMs are gone are kept.
   */
  readonly allSettled: boolean;
}

export type RestoreStep =
  | { readonly do: 'openRestore'; readonly kind: Restore['kind'] }
  /** A suspicion has turned out true. */
  | { readonly do: 'confirm' }
  | { readonly do: 'closeRestore' }
  | { readonly do: 'wait'; readonly why: 'NodesNotHeard' | 'NotAccepted' | 'NotSettled' }
  | { readonly do: 'done' };

const rows: readonly Row<RestoreSituation, RestoreStep>[] = [
  {
    name: 'remembers-more', given: 'this controller remembers more than there is',
    when: (s) => s.remembersMore,
    does: 'open a restore, another one where one is open', step: () => ({ do: 'openRestore', kind: 'found' }),
    why: 'Counts only rise. It is asked before each other step.', serves: ['I6', 'I7'],
  },
  {
    name: 'long-away', given: 'none is open, and no controller was there for long',
    when: (s) => s.restore === undefined && s.leaseLongPast,
    does: 'suspect a restore', step: () => ({ do: 'openRestore', kind: 'suspected' }),
    why: 'Nobody remembers, and a store that went back looks just like this.', serves: ['I7'],
  },
  {
    name: 'none', given: 'none is open', when: ({ restore }) => restore === undefined, does: 'done',
    step: () => ({ do: 'done' }), why: '', serves: [],
  },
  {
    name: 'confirm',
    given: 'one is suspected, and an agent contradicts the store, or a person has accepted it as one',
    when: (s) => s.restore!.kind === 'suspected' && (s.anyContradicts || s.restore!.accepted),
    does: 'call it found', step: () => ({ do: 'confirm' }), why: 'Then what does not live is closed.',
    serves: ['I6', 'I7'],
  },
  {
    name: 'clear', given: 'one is suspected, all tables are sealed, and all agents agree with the store',
    when: (s) => s.restore!.kind === 'suspected' && s.allSealed && s.allHeard,
    does: 'close it', step: () => ({ do: 'closeRestore' }), why: 'Every host was asked, and none knows more.',
    serves: ['Live'],
  },
  {
    name: 'not-heard', given: 'not every agent has answered', when: (s) => !(s.allSealed && s.allHeard),
    does: 'wait: NodesNotHeard', step: () => ({ do: 'wait', why: 'NodesNotHeard' }),
    why: 'The one that is silent may run what the store has forgotten.', serves: ['I7'],
  },
  {
    name: 'not-accepted', given: 'no person has accepted it', when: ({ restore }) => !restore!.accepted,
    does: 'wait: NotAccepted', step: () => ({ do: 'wait', why: 'NotAccepted' }),
    why: 'What the store asks for may have passed.', serves: ['I6'],
  },
  {
    name: 'not-settled', given: 'a VM\'s run does not say what lives', when: ({ allSettled }) => !allSettled,
    does: 'wait: NotSettled', step: () => ({ do: 'wait', why: 'NotSettled' }),
    why: 'What lives is adopted first.', serves: ['I7'],
  },
  {
    name: 'close', given: 'accepted, and settled', when: () => true, does: 'close it',
    step: () => ({ do: 'closeRestore' }),
    why: 'From here on it is a takeover like any.', serves: ['Live'],
  },
];

export const restoreTable: Table<RestoreSituation, RestoreStep> = rows;

export function nextRestoreStep(
  situation: RestoreSituation, table: Table<RestoreSituation, RestoreStep> = restoreTable,
): Decision<RestoreStep> {
  return decide(table, situation);
}
