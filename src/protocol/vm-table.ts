/** The controller's next step for one VM: one write at most, and then all is gathered again. */
import { decide } from './row.ts';
import type { Decision, Row, Table } from './row.ts';
import type { VmSituation } from './vm-situation.ts';

export type CloseReason = 'Ended' | 'Fenced' | 'NeverGranted' | 'NotRestored';

export type VmWait =
  | 'TableNotTaken' | 'RunsTwice' | 'Removing' | 'RestoreOpen' | 'NodeNotHeard'
  | 'ClaimsHeld' | 'OldDomainRuns' | 'Ending' | 'Unplaced';

export type VmStep =
  | { readonly do: 'addFinalizer' }
  | { readonly do: 'removeFinalizer' }
  /** run: Closed -> Open for a new grant on the candidate. CAS on the VM. */
  | { readonly do: 'open' }
  /** run: Open -> Closed. CAS on the VM. */
  | { readonly do: 'close'; readonly because: CloseReason }
  /** run: -> Open for the one domain that lives, by the name of its own grant; or for the old entry. CAS on the VM. */
  | { readonly do: 'adoptRun' }
  /** The run's node's table gets the grant that this controller made. CAS on the table. */
  | { readonly do: 'grant' }
  /**
   * The run's node's table gets the grant of the domain that lives there, in the domain's own bytes. CAS on the
   * table.
   */
  | { readonly do: 'adoptEntry'; readonly desired: 'Running' | 'Removed' }
  /** A copy's node's table gets the copy's own grant, to be removed. CAS on the table. */
  | { readonly do: 'removeCopy' }
  /** Running -> Stopped -> Removed. CAS on the table. */
  | { readonly do: 'ask'; readonly desired: 'Stopped' | 'Removed' }
  | { readonly do: 'dropEntry' }
  /**
   * Another round of the seal and nothing else, so that a write of which nobody knows whether it is under way
   * fails. CAS on the table.
   */
  | { readonly do: 'touch' }
  | { readonly do: 'wait'; readonly why: VmWait }
  | { readonly do: 'done'; readonly as: 'Runs' | 'Halted' | 'Gone' };

type VmRow = Row<VmSituation, VmStep>;
const wait = (why: VmWait) => (): VmStep => ({ do: 'wait', why });
const isOpen = ({ run }: VmSituation) => run?.state === 'Open';
const hasEntry = ({ home }: VmSituation) => home?.entry?.isRuns === true;
/** An entry is left of a grant that is over. On a fenced node it stays, until its agent is back and has answered. */
const leftover = ({ home }: VmSituation) => home?.entry !== undefined && !home.fenced;

/** What is done first, whatever is wished. */
const first: readonly VmRow[] = [
  {
    name: 'take-table-first', given: 'a run, and the table of its node is not sealed by this controller',
    when: ({ home }) => home !== undefined && home.table !== 'Mine',
    does: 'wait: TableNotTaken', step: wait('TableNotTaken'),
    why: 'Until then a write that an earlier leader has decided may still land there.', serves: ['I1', 'I7'],
  },
  {
    name: 'add-finalizer', given: 'not deleted, and without our finalizer',
    when: ({ deleted, finalizer }) => !deleted && !finalizer,
    does: 'add the finalizer', step: () => ({ do: 'addFinalizer' }),
    why: 'What a VM holds must not outlive the object that says so.', serves: ['I5'],
  },
  {
    name: 'adopt-old-entry',
    given: 'no run, and a table has an entry for it, which a controller of the version before has made or kept',
    when: ({ hasOldEntry }) => hasOldEntry,
    does: 'make the run that of the entry', step: () => ({ do: 'adoptRun' }),
    why: 'Before this protocol the table was the lock for "runs once".', serves: ['I4', 'I7'],
  },
  {
    name: 'ask-past-node',
    given: 'no run and no entry, and the node that its status names has not answered the seal, and is not said to be off',
    when: ({ run, pastIsUnheard }) => run === undefined && pastIsUnheard,
    does: 'wait: NodeNotHeard', step: wait('NodeNotHeard'),
    why: 'A controller of the version before has dropped the run, and the table was lost: its domain may live there.',
    serves: ['I7'],
  },
  {
    name: 'runs-twice', given: 'more than one domain of the VM lives',
    // Of a run that is closed, what lives by its grant is among the copies.
    when: (s) => s.copies.filter(({ sameVm }) => sameVm).length + Number(isOpen(s) && s.home!.lives) > 1,
    does: 'wait: RunsTwice, and alert', step: wait('RunsTwice'),
    why: 'Only a word that was not true, or tampering, comes to this; which of the two is to end is a '
      + 'person\'s to say.',
    serves: ['I6', 'I7'],
  },
];

const deleted: readonly VmRow[] = [
  {
    name: 'remove-copy', given: 'deleted, and a domain of it lives that is not its run\'s',
    when: ({ deleted: gone, copies }) => gone && copies.some(({ sameVm }) => sameVm),
    does: 'give its node its own grant, to be removed', step: () => ({ do: 'removeCopy' }),
    why: 'A deletion is for good, of every grant of the VM, in a restored cluster too.', serves: ['I5'],
  },
  {
    name: 'remove-adopted', given: 'deleted, its domain lives and no entry says so',
    when: (s) => s.deleted && isOpen(s) && !hasEntry(s) && s.home!.lives && !s.home!.fenced,
    does: 'put the domain\'s own grant into the table, to be removed',
    step: () => ({ do: 'adoptEntry', desired: 'Removed' }),
    why: 'The agent ends only what the table says.', serves: ['I5', 'I6'],
  },
  {
    name: 'ask-remove', given: 'deleted, and an entry does not ask for the removal',
    when: ({ deleted: gone, home }) => gone && home?.entry !== undefined && home.entry.desired !== 'Removed',
    does: 'ask for the removal', step: () => ({ do: 'ask', desired: 'Removed' }),
    why: 'On a fenced node too: it is removed when the machine is back.', serves: ['I5'],
  },
  {
    name: 'removing', given: 'deleted, and the removal is not answered',
    when: (s) => s.deleted && leftover(s) && !s.home!.entry!.answered,
    does: 'wait: Removing', step: wait('Removing'),
    why: 'Nothing is given away before nothing of it is left.', serves: ['I1', 'I5'],
  },
  {
    name: 'close-removed', given: 'deleted, open, and the removal is answered or its node is fenced',
    when: (s) => s.deleted && isOpen(s) && hasEntry(s) && (s.home!.entry!.answered || s.home!.fenced),
    does: 'close the run', step: ({ home }) => ({ do: 'close', because: home!.fenced ? 'Fenced' : 'Ended' }),
    why: 'The answer to the removal of a grant is final.', serves: ['I7'],
  },
  {
    name: 'drop-removed', given: 'deleted, and its removal is answered',
    when: (s) => s.deleted && leftover(s) && s.home!.entry!.answered,
    does: 'drop the entry', step: () => ({ do: 'dropEntry' }), why: 'What it held is free.', serves: ['I5'],
  },
  {
    name: 'gone-unheard', given: 'deleted, nothing of it is known, and not all agents were heard since a restore',
    when: (s) => s.deleted && s.restore !== undefined && !s.allHeard,
    does: 'wait: RestoreOpen', step: wait('RestoreOpen'),
    why: 'A domain of it may live that no table names; with the object gone nobody would look for it.',
    serves: ['I5'],
  },
];

const withoutRun: readonly VmRow[] = [
  {
    name: 'adopt-past', given: 'no run and no entry, and a domain of it lives on the node that its status names',
    when: (s) => s.run === undefined && !s.deleted && s.copies.some(({ sameVm }) => sameVm),
    does: 'make the run that of the domain', step: () => ({ do: 'adoptRun' }),
    why: 'Dropped as above, and its agent has answered: the domain is what was to run.', serves: ['I4', 'I7', 'Live'],
  },
];

/** A run without an entry of its grant: it was never granted, or its table was lost. Deleted or not. */
const withoutEntry: readonly VmRow[] = [
  {
    name: 'close-fenced', given: 'open, and its node is fenced',
    when: (s) => isOpen(s) && s.home!.fenced && s.restore === undefined,
    does: 'close the run', step: () => ({ do: 'close', because: 'Fenced' }),
    why: 'A person has said that the machine is off, and no session is opened there before its agent has answered.',
    serves: ['I7', 'Live'],
  },
  {
    name: 'touch', given: 'open, no entry, and this controller\'s grant may be under way still',
    when: (s) => isOpen(s) && !hasEntry(s) && s.made === 'MayBeUnderWay',
    does: 'seal the table once more, with its session', step: () => ({ do: 'touch' }),
    why: 'Whether a write that was not answered has failed is known only after another one.', serves: ['I7'],
  },
  {
    name: 'grant',
    given: 'open, no entry, this controller made the grant, the node takes guests and has room for it',
    when: (s) => isOpen(s) && !hasEntry(s) && s.made === 'Kept' && !s.deleted
      && s.wish === 'Run' && s.restore === undefined
      && s.home!.takesGuests && s.home!.hasRoom,
    does: 'put the grant into the table', step: () => ({ do: 'grant' }),
    why: 'The VM says already that it is to run there and nowhere else.', serves: ['I1', 'I7'],
  },
  {
    name: 'take-back', given: 'open, no entry, this controller made the grant and does not put it there',
    when: (s) => isOpen(s) && !hasEntry(s) && s.made === 'Kept',
    does: 'close the run', step: () => ({ do: 'close', because: 'NeverGranted' }),
    why: 'Nobody else has the bytes, so nobody can have granted it.', serves: ['I7', 'Live'],
  },
  {
    name: 'not-heard', given: 'open, no entry, and the node\'s agent has not answered the seal',
    when: (s) => isOpen(s) && !hasEntry(s) && !s.home!.heard && !s.home!.acceptedOff,
    does: 'wait: NodeNotHeard', step: wait('NodeNotHeard'),
    why: 'The table may have been lost while the domain lives.', serves: ['I7'],
  },
  {
    name: 'adopt-waits',
    given: 'open, no entry, its domain lives there, and an entry of another gives away what it holds',
    when: (s) => isOpen(s) && !hasEntry(s) && s.home!.lives && !s.home!.hasRoom,
    does: 'wait: ClaimsHeld', step: wait('ClaimsHeld'),
    why: 'The other one does not live, since the host lets nothing start beside a domain that has it: '
      + 'its entry goes first.',
    serves: ['I1'],
  },
  {
    name: 'adopt-entry', given: 'open, no entry, and its domain lives there',
    when: (s) => isOpen(s) && !hasEntry(s) && s.home!.lives,
    does: 'put the domain\'s own grant into the table', step: () => ({ do: 'adoptEntry', desired: 'Running' }),
    why: 'Guest and placement come from the domain, in its bytes: never from today\'s spec.', serves: ['I1', 'I2'],
  },
];

const restored: readonly VmRow[] = [
  {
    name: 'adopt-run-unheard', given: 'a restore is open, a copy lives, and the run\'s own node is not heard',
    when: (s) => s.restore !== undefined && isOpen(s) && s.copies.some(({ sameVm }) => sameVm) && !s.home!.heard
      && !s.home!.acceptedOff,
    does: 'wait: RestoreOpen', step: wait('RestoreOpen'),
    why: 'It may live there too.', serves: ['I7'],
  },
  {
    name: 'adopt-run', given: 'a restore is open, and the one domain of the VM that lives is not its run\'s',
    when: (s) => s.restore !== undefined && !s.deleted && s.copies.some(({ sameVm }) => sameVm),
    does: 'make the run that of the domain', step: () => ({ do: 'adoptRun' }),
    why: 'The domain is what is; the store is what was.', serves: ['I4', 'I7'],
  },
  {
    name: 'close-not-restored', given: 'a restore was found, and the run\'s domain does not live',
    when: (s) => s.restore?.kind === 'found' && isOpen(s) && !s.home!.lives && (s.home!.heard || s.home!.acceptedOff),
    does: 'close the run', step: () => ({ do: 'close', because: 'NotRestored' }),
    why: 'No session is open, so nothing can start it; whatever runs later is opened anew, after a '
      + 'person has said so.',
    serves: ['I6', 'I7'],
  },
  {
    name: 'close-lost', given: 'open, no entry, no restore, and its domain does not live',
    when: (s) => isOpen(s) && !hasEntry(s) && s.restore === undefined,
    does: 'close the run', step: () => ({ do: 'close', because: 'NeverGranted' }),
    why: 'Its maker is gone, and its agent has said after the seal that it does not live: nobody can '
      + 'grant it any more.',
    serves: ['I7', 'Live'],
  },
  {
    name: 'gone', given: 'deleted, and nothing of it is left', when: (s) => s.deleted && !isOpen(s),
    does: 'remove the finalizer',
    step: ({ finalizer }) => (finalizer ? { do: 'removeFinalizer' } : { do: 'done', as: 'Gone' }),
    why: 'Only now may the object go.', serves: ['I5'],
  },
  {
    name: 'restore-open', given: 'a restore is open', when: ({ restore }) => restore !== undefined,
    does: 'wait: RestoreOpen', step: wait('RestoreOpen'),
    why: 'Nothing of before is started or stopped until a person accepts.', serves: ['I6', 'I7'],
  },
];

const running: readonly VmRow[] = [
  {
    name: 'stop', given: 'open, granted, and it is to end or to be made anew',
    when: (s) => isOpen(s) && s.home!.entry!.desired === 'Running' && (s.wish === 'Halt' || s.renew),
    does: 'ask for the stop', step: () => ({ do: 'ask', desired: 'Stopped' }),
    why: 'A stop of a grant is final: to run again is another grant.', serves: ['I6'],
  },
  {
    name: 'close', given: 'open, and its stop is answered', when: (s) => isOpen(s) && s.home!.entry!.answered,
    does: 'close the run', step: () => ({ do: 'close', because: 'Ended' }),
    why: 'The answer is about this grant, which is never started again.', serves: ['I7'],
  },
  {
    name: 'ending', given: 'open, and its end is asked for',
    when: (s) => isOpen(s) && s.home!.entry!.desired !== 'Running',
    does: 'wait: Ending', step: wait('Ending'), why: 'Nothing is freed before the agent has answered.',
    serves: ['I1', 'I7'],
  },
  {
    name: 'runs', given: 'open, and granted', when: isOpen,
    does: 'done', step: () => ({ do: 'done', as: 'Runs' }), why: 'The agent does the rest.', serves: [],
  },
];

const idle: readonly VmRow[] = [
  {
    name: 'drop-ended', given: 'closed, an entry is left, and it neither binds the VM nor is it to run in its place',
    when: (s) => leftover(s) && !s.isBound && !(s.wish === 'Run' && s.candidate?.isHome === true),
    does: 'drop the entry', step: () => ({ do: 'dropEntry' }), why: 'What it held is free.', serves: ['Live'],
  },
  {
    name: 'halted', given: 'closed, and it is to be', when: ({ wish }) => wish === 'Halt',
    does: 'done', step: () => ({ do: 'done', as: 'Halted' }), why: 'Nobody wants it to run.', serves: [],
  },
  {
    name: 'old-domain-runs', given: 'closed, to run, and a domain of it or of an earlier VM of its name lives',
    when: ({ copies }) => copies.length > 0,
    does: 'wait: OldDomainRuns', step: wait('OldDomainRuns'),
    why: 'They have the same disks, and nobody could tell the two apart.', serves: ['I7', 'I8'],
  },
  {
    name: 'open', given: 'closed, to run, and a node that takes guests has room',
    when: ({ candidate }) => candidate !== undefined,
    does: 'open the run there', step: () => ({ do: 'open' }),
    why: 'Of two controllers that open it one fails, and no table has the grant before. An entry that is '
      + 'left keeps its place meanwhile.',
    serves: ['I7'],
  },
  {
    name: 'unplaced', given: 'closed, to run, and nothing takes it', when: () => true,
    does: 'wait: Unplaced', step: wait('Unplaced'), why: 'It waits for room.', serves: [],
  },
];

export const vmTable: Table<VmSituation, VmStep> = [
  ...first, ...deleted, ...withoutRun, ...withoutEntry, ...restored, ...running, ...idle,
];

export function nextVmStep(situation: VmSituation, table: Table<VmSituation, VmStep> = vmTable): Decision<VmStep> {
  return decide(table, situation);
}
