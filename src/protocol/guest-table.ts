/** The agent's next step for one guest of its host. */
import { decide } from './row.ts';
import type { Decision, Row, Table } from './row.ts';
import type { Desired } from './facts.ts';

export interface GuestSituation {
  /** Of the table as last read. */
  readonly entry: { readonly desired: Desired; readonly isIntact: boolean } | undefined;
  /** The table's session is this agent's. */
  readonly isOpen: boolean;
  /** `changing`: it is being started, or switching off. */
  readonly domain: 'running' | 'paused' | 'changing' | 'off' | 'absent';
  /** The domain was made with the entry's grant. */
  readonly isEntrys: boolean;
  /** It is off, and was defined by a session before this one. */
  readonly isLeft: boolean;
  /** What it claims is claimed by no other domain that lives, ours or not, nor by a start under way. */
  readonly hostIsFree: boolean;
  /** It has run under this grant, and its run strategy does not start it again. */
  readonly isOver: 'No' | 'Succeeded' | 'Ended';
  /** How long its grace, or its backoff, lasts still. 0: over. Undefined: not begun. */
  readonly graceMs: number | undefined;
  readonly backoffMs: number;
}

export type GuestWait = 'NotOpen' | 'Grace' | 'Backoff' | 'Changing';

export type GuestStep =
  /** Off, and left from a session before: its definition goes, its files stay. */
  | { readonly do: 'undefineLeft' }
  | { readonly do: 'requestShutdown' }
  | { readonly do: 'destroy' }
  /** Nothing lives: definition and files go, but for NodeLocal disks where the VM lives on; then it is answered. */
  | { readonly do: 'cleanUp'; readonly answer: Exclude<Desired, 'Running'> }
  /** Define with the grant, force boot, audit. */
  | { readonly do: 'start' }
  /** Against the domain's own grant. */
  | { readonly do: 'audit'; readonly as: 'Entry' | 'OtherGrant' | 'NoEntry' }
  | { readonly do: 'report'; readonly what: 'Paused' | 'Succeeded' | 'Ended' | 'GrantEdited' | 'HostTaken' }
  | { readonly do: 'wait'; readonly why: GuestWait; readonly forMs?: number }
  | { readonly do: 'none' };

/**
 * Whether an agent may state what lives, and so renew its Lease: once nothing is left of the process before. A
 * start that that one
 * has sent would else come after the word that it does not live.
 */
export function mayState(guests: Iterable<Pick<GuestSituation, 'domain' | 'isLeft'>>): boolean {
  for (const { domain, isLeft } of guests) if (domain === 'off' && isLeft) return false;
  return true;
}

const lives = ({ domain }: GuestSituation) => domain === 'running' || domain === 'paused' || domain === 'changing';
const asks = (desired: Desired) => ({ entry }: GuestSituation) => entry?.desired === desired;

function end({ graceMs }: GuestSituation): GuestStep {
  if (graceMs === undefined) return { do: 'requestShutdown' };
  return graceMs > 0 ? { do: 'wait', why: 'Grace', forMs: graceMs } : { do: 'destroy' };
}

const rows: readonly Row<GuestSituation, GuestStep>[] = [
  {
    name: 'undefine-left', given: 'the domain is off, and a session before this one has defined it',
    when: (s) => s.domain === 'off' && s.isLeft,
    does: 'undefine it; its files stay', step: () => ({ do: 'undefineLeft' }),
    why: 'A start that the process before has sent may be under way still: without the definition it fails.',
    serves: ['I1', 'I7'],
  },
  {
    name: 'remove', given: 'its removal is asked for, and it lives', when: (s) => asks('Removed')(s) && lives(s),
    does: 'ask it to switch off; after its grace, end it', step: end,
    why: 'A deletion is for good: of any grant of the VM, in any session.', serves: ['I5', 'I6'],
  },
  {
    name: 'removed', given: 'its removal is asked for, and it does not live', when: asks('Removed'),
    does: 'remove all of it, and answer', step: () => ({ do: 'cleanUp', answer: 'Removed' }),
    why: 'Nothing is left.', serves: ['I5'],
  },
  {
    name: 'stop', given: 'its stop is asked for, it lives, and the session is open',
    when: (s) => asks('Stopped')(s) && lives(s) && s.isOpen && s.isEntrys,
    does: 'ask it to switch off; after its grace, end it', step: end,
    why: 'The stop is about this very grant.', serves: ['I6'],
  },
  {
    name: 'changing', given: 'it is being started, or switching off', when: ({ domain }) => domain === 'changing',
    does: 'wait for the event', step: () => ({ do: 'wait', why: 'Changing' }),
    why: 'It lives until libvirt says otherwise.', serves: ['I2'],
  },
  {
    name: 'no-entry', given: 'it lives, and no entry says so', when: (s) => lives(s) && s.entry === undefined,
    does: 'audit it as it is, and state it with its grant', step: () => ({ do: 'audit', as: 'NoEntry' }),
    why: 'Absence ends nothing.', serves: ['I4', 'I6'],
  },
  {
    name: 'other-grant', given: 'it lives by another grant than the entry\'s', when: (s) => lives(s) && !s.isEntrys,
    does: 'audit it as it is, and state it with its grant', step: () => ({ do: 'audit', as: 'OtherGrant' }),
    why: 'The table is about something that is not there; what is there stays as it is.', serves: ['I2', 'I6'],
  },
  {
    name: 'stop-not-open', given: 'its stop is asked for, it lives, and the session is not open',
    when: (s) => asks('Stopped')(s) && lives(s),
    does: 'audit it', step: () => ({ do: 'audit', as: 'Entry' }),
    why: 'The table may have gone back, or the node be fenced.', serves: ['I6'],
  },
  {
    name: 'stopped', given: 'its stop is asked for, and it does not live', when: asks('Stopped'),
    does: 'remove all but NodeLocal disks, and answer', step: () => ({ do: 'cleanUp', answer: 'Stopped' }),
    why: 'This grant is never started again.', serves: ['I7', 'Live'],
  },
  {
    name: 'paused', given: 'it is paused', when: ({ domain }) => domain === 'paused',
    does: 'report it', step: () => ({ do: 'report', what: 'Paused' }), why: 'A person, or QEMU, had a reason.',
    serves: ['I2'],
  },
  {
    name: 'runs', given: 'it runs', when: ({ domain }) => domain === 'running',
    does: 'audit it', step: () => ({ do: 'audit', as: 'Entry' }), why: 'What is reported is what was seen.',
    serves: ['I2', 'I3'],
  },
  {
    name: 'nothing', given: 'no entry asks for it', when: ({ entry }) => entry === undefined, does: 'nothing',
    step: () => ({ do: 'none' }), why: 'It is not of this host.', serves: [],
  },
  {
    name: 'not-open', given: 'the table\'s session is not this agent\'s', when: ({ isOpen }) => !isOpen,
    does: 'wait: NotOpen', step: () => ({ do: 'wait', why: 'NotOpen' }),
    why: 'A controller that has judged what this agent states has to say that the table is of now.', serves: ['I7'],
  },
  {
    name: 'grant-edited', given: 'the entry\'s bytes do not have the name that it gives',
    when: ({ entry }) => !entry!.isIntact,
    does: 'report it', step: () => ({ do: 'report', what: 'GrantEdited' }),
    why: 'A person, or another version, has changed it.', serves: ['I1', 'I2'],
  },
  {
    name: 'over', given: 'it has ended, and its run strategy does not start it again',
    when: ({ isOver }) => isOver !== 'No',
    does: 'report it',
    step: ({ isOver }) => ({ do: 'report', what: isOver === 'Succeeded' ? 'Succeeded' : 'Ended' }),
    why: 'As its owner says.', serves: [],
  },
  {
    name: 'backoff', given: 'it failed, or ended, a moment ago', when: ({ backoffMs }) => backoffMs > 0,
    does: 'wait', step: ({ backoffMs }) => ({ do: 'wait', why: 'Backoff', forMs: backoffMs }),
    why: 'It is Unknown by itself meanwhile.', serves: [],
  },
  {
    name: 'host-taken', given: 'another domain that lives has what it claims',
    when: ({ hostIsFree }) => !hostIsFree,
    does: 'report it', step: () => ({ do: 'report', what: 'HostTaken' }), why: 'Whatever any table says.',
    serves: ['I1', 'I8'],
  },
  {
    name: 'start', given: 'none of these', when: () => true, does: 'define it with the grant, and start it',
    step: () => ({ do: 'start' }), why: 'It is to run.', serves: [],
  },
];

export const guestTable: Table<GuestSituation, GuestStep> = rows;

export function nextGuestStep(
  situation: GuestSituation, table: Table<GuestSituation, GuestStep> = guestTable,
): Decision<GuestStep> {
  return decide(table, situation);
}
