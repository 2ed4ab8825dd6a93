/** The controller's next step for a node's table: takeover, fence, restore and the echo of the agent's session. */
import { decide } from './row.ts';
import type { Desired } from './facts.ts';
import type { Decision, Row, Table } from './row.ts';

export interface NodeSituation {
  readonly table: 'Absent' | 'Foreign' | 'Mine';
  readonly restoreIsOpen: boolean;
  /** It was sealed for the open restore. */
  readonly sealedForRestore: boolean;
  /** A person's word that the machine is off stands. */
  readonly word: boolean;
  /** By this controller's clock the agent's Lease was not renewed for its duration. */
  readonly lapsed: boolean;
  /** The cluster has the Node, and it is Ready. */
  readonly nodeReady: boolean;
  readonly fenced: boolean;
  /** A write of it that this controller has sent was not answered, and may land still. */
  readonly unanswered: boolean;
  /** The agent's statement answers the seal. */
  readonly heard: boolean;
  /** The session in the table is the one that the agent states. */
  readonly isOpen: boolean;
  /** The statement is later than the store, see `contradictsStore`. */
  readonly contradicts: boolean;
  /** It has agreed since this controller leads, which itself has seen nothing go back. */
  readonly agreedBefore: boolean;
  /**
   * Whether the table's `kept` are the domains that live here and whose VMs are gone: while a restore is open all
   * that are stated,
   * else those of them that are kept already.
   */
  readonly homeless: 'AsKept' | 'Otherwise';
  /**
   * Entries that are not their VM's open run: whether their domains live, or their removal is not answered. In an
   * open table only those that are over, see `isOverWhileOpen`.
   */
  readonly strays: 'None' | 'Over' | 'Removing' | 'Live';
}

/**
 * Whether an entry that is not its VM's open run is over while the table is open. What a VM's last grant held keeps its
 * place until the next is there. Where its run names another node, as after a fence that was lifted a moment later,
 * nobody else would drop it.
 * @param entry vm: whether its VM is gone, or its run names another node.
 */
export function isOverWhileOpen(entry: {
  readonly vm: 'Gone' | 'Elsewhere' | 'Here'; readonly answered: boolean;
}): boolean {
  return entry.answered && entry.vm !== 'Here';
}

/**
 * Whether an entry of a guest with NodeLocal disks is kept where they are, as the one by which they are removed: of a VM
 * that is halted, and of one whose next grant is not in the table yet.
 */
export function isKeptHome(entry: {
  readonly desired: Desired; readonly run: 'NotOpen' | 'OpenHere' | 'OpenElsewhere';
}): boolean {
  return entry.desired !== 'Running' && entry.run !== 'OpenElsewhere';
}

export type NodeWait = 'NodeNotHeard' | 'RestoreOpen' | 'NotBelieved' | 'WordStands' | 'RunsTwice' | 'Removing';

export type NodeStep =
  /** With the entries that this controller remembers; without a session. */
  | { readonly do: 'makeTable' }
  /** A new seal, and no session. For a restore it is fenced no more: what was heard, or accepted, says more. */
  | { readonly do: 'seal' }
  /**
   * Fenced, a new seal, no session; entries that ask for Running ask for Stopped: an agent of the version before
   * starts none.
   */
  | { readonly do: 'fence' }
  /** A new seal, and else as it is. */
  | { readonly do: 'touch' }
  | { readonly do: 'openRestore' }
  /** `kept` becomes what it should be. */
  | { readonly do: 'keep' }
  | { readonly do: 'dropStrays' }
  /** The stated session into the table; fenced no more. */
  | { readonly do: 'openSession' }
  | { readonly do: 'wait'; readonly why: NodeWait }
  | { readonly do: 'done' };

const wait = (why: NodeWait) => (): NodeStep => ({ do: 'wait', why });

const rows: readonly Row<NodeSituation, NodeStep>[] = [
  {
    name: 'make-table', given: 'it has none', when: ({ table }) => table === 'Absent',
    does: 'make one, with what this controller remembers of it', step: () => ({ do: 'makeTable' }),
    why: 'Nobody else makes tables, so one that is there says what a controller knew.', serves: ['I6', 'Live'],
  },
  {
    name: 'take-over', given: 'it is sealed by another term', when: ({ table }) => table === 'Foreign',
    does: 'seal it', step: () => ({ do: 'seal' }),
    why: 'What an earlier leader has decided fails from here on, and the agent says anew what lives.',
    serves: ['I1', 'I7'],
  },
  {
    name: 'seal-for-restore', given: 'a restore is open, and it is not sealed for it',
    when: (s) => s.restoreIsOpen && !s.sealedForRestore,
    does: 'seal it', step: () => ({ do: 'seal' }),
    why: 'What the table asks for may have passed; without a session nothing of it is started or stopped.',
    serves: ['I6', 'I7'],
  },
  {
    name: 'fence',
    given: 'a person\'s word stands, the Lease has lapsed, the Node is absent or not Ready, and no restore is open',
    when: (s) => s.word && s.lapsed && !s.nodeReady && !s.fenced && !s.restoreIsOpen,
    does: 'fence it', step: () => ({ do: 'fence' }),
    why: 'Three that do not know of each other say that it is off; a deleted Node says nothing by itself.',
    serves: ['I7', 'Live'],
  },
  {
    name: 'overtake', given: 'a write of it was not answered, and may land still', when: ({ unanswered }) => unanswered,
    does: 'seal it once more, with its session', step: () => ({ do: 'touch' }),
    why: 'What was decided then may not be wished any more: a stop that a person has taken back, say.', serves: ['I6', 'I7'],
  },
  {
    name: 'not-heard', given: 'the agent has not answered the seal', when: ({ heard }) => !heard,
    does: 'wait: NodeNotHeard', step: wait('NodeNotHeard'), why: 'It holds up its own node, and no other.',
    serves: ['I1', 'I7'],
  },
  {
    name: 'open-restore', given: 'it contradicts the store, and has not agreed with it before',
    when: (s) => s.contradicts && !s.agreedBefore && !s.restoreIsOpen,
    does: 'open a restore', step: () => ({ do: 'openRestore' }),
    why: 'A host is reached by no restore: what it says of its own domains is later than the store.',
    serves: ['I6', 'I7'],
  },
  {
    name: 'not-believed', given: 'it contradicts a store that it has agreed with',
    when: (s) => s.contradicts && !s.restoreIsOpen,
    does: 'wait: NotBelieved', step: wait('NotBelieved'),
    why: 'This controller would know of a restore; the node takes no guests, and nobody else is held up.',
    serves: ['Live'],
  },
  {
    name: 'keep',
    given: 'domains live whose VMs are gone since a restore, and the table does not say so, or says so of '
      + 'one that has ended',
    when: ({ homeless }) => homeless === 'Otherwise',
    does: 'write which are kept', step: () => ({ do: 'keep' }),
    why: 'They hold what they hold, and their names, until a person ends them; after the restore no node '
      + 'is believed about new ones.',
    serves: ['I6', 'I8'],
  },
  {
    name: 'drop-strays', given: 'entries are left that are not their VM\'s run, and nothing of them lives',
    when: ({ strays }) => strays === 'Over',
    does: 'drop them', step: () => ({ do: 'dropStrays' }),
    why: 'With a session the agent would start them; and in a restore they stand in the way of what lives.',
    serves: ['I7'],
  },
  {
    name: 'restore-open', given: 'a restore is open', when: ({ restoreIsOpen }) => restoreIsOpen,
    does: 'wait: RestoreOpen', step: wait('RestoreOpen'),
    why: 'No session is opened before a person has accepted.', serves: ['I6', 'I7'],
  },
  {
    name: 'word-stands', given: 'a person\'s word that it is off stands', when: ({ word }) => word,
    does: 'wait: WordStands', step: wait('WordStands'),
    why: 'A word that is carried out later would fence a machine that runs guests again.', serves: ['I7'],
  },
  {
    name: 'runs-twice', given: 'a domain lives whose VM has its run elsewhere',
    when: ({ strays }) => strays === 'Live',
    does: 'wait: RunsTwice, and alert', step: wait('RunsTwice'),
    why: 'The word was not true. Nothing is ended, and nothing is started here.', serves: ['I6', 'I7'],
  },
  {
    name: 'removing', given: 'a removal is not answered of a VM that is gone',
    when: ({ strays }) => strays === 'Removing',
    does: 'wait: Removing', step: wait('Removing'),
    why: 'A machine that is back removes what was deleted meanwhile.', serves: ['I5'],
  },
  {
    name: 'open-session', given: 'the agent\'s session is not the table\'s, or the node is fenced',
    when: (s) => !s.isOpen || s.fenced,
    does: 'write the stated session; a fence is lifted', step: () => ({ do: 'openSession' }),
    why: 'All that lives is in the books, and all that the table asks for is its VM\'s run.',
    serves: ['I1', 'I7', 'Live'],
  },
  {
    name: 'settled', given: 'none of these', when: () => true, does: 'done', step: () => ({ do: 'done' }),
    why: 'Nothing is to be done.', serves: [],
  },
];

export const nodeTable: Table<NodeSituation, NodeStep> = rows;

export function nextNodeStep(
  situation: NodeSituation, table: Table<NodeSituation, NodeStep> = nodeTable,
): Decision<NodeStep> {
  return decide(table, situation);
}
