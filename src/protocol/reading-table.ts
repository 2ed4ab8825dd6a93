/** What an agent makes of a version of its table that it has just read. */
import { decide } from './row.ts';
import type { Decision, Row, Table } from './row.ts';

export interface ReadingSituation {
  /** `NoSeal`: written by a controller of the version before this protocol, which drops what it does not know. */
  readonly table: 'Absent' | 'NoSeal' | 'Sealed';
  /** Its UID is that of the note; undefined: there is no note. */
  readonly isNoted: boolean | undefined;
  /** Its count is lower than the note's, or the same with another seal. */
  readonly isOlder: boolean;
  /** It is sealed for a restore that the note does not name: a controller has seen that the store went back. */
  readonly isOtherRestore: boolean;
}

export interface ReadingStep {
  /** Whether what is asked for is done. */
  readonly session: 'Keep' | 'New';
  /**
   * What the note on disk becomes, before anything is done by this version. `Take`: this version; that it went back
   * is over once
   * the session is open. `Flag`: the later version stays, with the word that it went back. `Restart`: this version,
   * and that
   * the store went back stays noted, or is noted where it is older.
   */
  readonly note: 'Keep' | 'Take' | 'Flag' | 'Restart';
}

const rows: readonly Row<ReadingSituation, ReadingStep>[] = [
  {
    name: 'absent', given: 'there is no table', when: ({ table }) => table === 'Absent',
    does: 'take a new session; nothing is started or stopped', step: () => ({ session: 'New', note: 'Keep' }),
    why: 'The one that comes next may be an old one, with the session of now.', serves: ['I6', 'I7'],
  },
  {
    name: 'no-seal', given: 'a controller of the version before has written it',
    when: ({ table }) => table === 'NoSeal',
    does: 'take a new session; nothing is started or stopped', step: () => ({ session: 'New', note: 'Keep' }),
    why: 'It has dropped what tells whether it is of now.', serves: ['I7'],
  },
  {
    name: 'another', given: 'it is another one than the note\'s', when: ({ isNoted }) => isNoted === false,
    does: 'take a new session, and note it', step: () => ({ session: 'New', note: 'Take' }),
    why: 'A table of another UID is no truth before a controller has said so.', serves: ['I7'],
  },
  {
    name: 'restore', given: 'it is sealed for a restore that the note does not name',
    when: ({ isOtherRestore }) => isOtherRestore,
    does: 'take a new session, and count from here', step: () => ({ session: 'New', note: 'Restart' }),
    why: 'From here on a lower count is another restore; that there was this one is stated until a session is opened.',
    serves: ['I7', 'Live'],
  },
  {
    name: 'went-back', given: 'it is older than the note', when: ({ isOlder }) => isOlder,
    does: 'take a new session, note that it went back, and state it',
    step: () => ({ session: 'New', note: 'Flag' }),
    why: 'The store is an older one; on disk, since the agent may end before it has said so.', serves: ['I6', 'I7'],
  },
  {
    name: 'of-now', given: 'none of these', when: () => true, does: 'note it',
    step: () => ({ session: 'Keep', note: 'Take' }),
    why: 'With the session open, that it went back is over: a controller has judged it.', serves: [],
  },
];

export const readingTable: Table<ReadingSituation, ReadingStep> = rows;

export function nextReadingStep(
  situation: ReadingSituation, table: Table<ReadingSituation, ReadingStep> = readingTable,
): Decision<ReadingStep> {
  return decide(table, situation);
}
