/**
 * Reads each version of the node's table with a memory of those before: whether it is another one, or has gone back.
 *
 * The memory is on the host's disk, which no restore of the cluster reaches, and is written before a version is acted
 * on. In each session the agent starts and stops only what a controller has opened to that session, so what is read of
 * a table that went back has no effect. I6, I7.
 */
import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import { nextReadingStep } from '../protocol/reading-table.ts';
import type { ReadingSituation } from '../protocol/reading-table.ts';
import { isSeal } from '../protocol/seal.ts';
import type { AllocationStatus } from '../crds/realtime-allocation.ts';
import type { Log } from '../runtime/log.ts';
import type { Random } from '../runtime/random.ts';
import type { Stored } from '../store/resource.ts';
import type { HostFiles } from './host-files.ts';

const note = z.object({
  tableUid: z.string(),
  /** `metadata.generation`. */
  count: z.number(),
  seal: z.string(),
  restore: z.string().optional(),
  /** A later version was read before; `under`: the restore that the table was sealed for when that was noticed. */
  wentBack: z.object({ under: z.string().optional() }).optional(),
});
type Note = z.infer<typeof note>;

type Table = Stored<'RealtimeAllocation'>;

export interface TableReaderOptions {
  readonly files: Pick<HostFiles, 'readNote' | 'writeNote'>;
  readonly random: Random;
  readonly log: Log;
}

const fileName = 'table.json';

export class TableReader {
  readonly #options: TableReaderOptions;
  #session: string;
  /** Undefined: not read yet. */
  #note: Note | 'none' | undefined;
  #restore: string | undefined;
  /** Of the version that was read last. */
  #last: unknown;

  constructor(options: TableReaderOptions) {
    this.#options = options;
    this.#session = options.random.uuid();
  }

  /** Random; a new one for each process, and whenever the table is gone, another one, or has gone back. */
  get session(): string {
    return this.#session;
  }

  /** What is stated of the table as last read. */
  get wentBack(): AllocationStatus['wentBack'] {
    const wentBack = this.#note === 'none' ? undefined : this.#note?.wentBack;
    if (wentBack === undefined) return undefined;
    return wentBack.under === this.#restore ? 'Yes' : 'BeforeRestore';
  }

  /** Takes a version of the table; undefined: it is gone. To be awaited before anything is done for it. */
  async take(table: Table | undefined): Promise<void> {
    // Another status, which the agent itself writes, is no other version: a session for each would be without end.
    const version = table === undefined ? undefined : versionOf(table);
    if (version !== undefined && isDeepStrictEqual(version, this.#last)) return;
    this.#last = version;
    const before = await this.#remembered();
    const situation = situationOf(table, before);
    const step = nextReadingStep(situation).step;
    if (step.session === 'New') this.#session = this.#options.random.uuid();
    this.#restore = table?.spec.restore;
    const after = this.#noteAfter(step.note, table, before, situation);
    if (isDeepStrictEqual(after, before)) return;
    this.#note = after ?? 'none';
    if (after !== undefined) await this.#write(after);
  }

  #noteAfter(
    step: ReturnType<typeof nextReadingStep>['step']['note'], table: Table | undefined, before: Note | undefined,
    { isOlder }: ReadingSituation,
  ): Note | undefined {
    const flag = (one: Note) => ({ ...one, wentBack: { under: before?.restore } });
    switch (step) {
      case 'Keep':
        return before;
      case 'Flag':
        return before === undefined || before.wentBack !== undefined ? before : flag(before);
      case 'Take':
        return table === undefined ? before : this.#taken(table, before);
      case 'Restart': {
        if (table === undefined) return before;
        const taken = this.#taken(table, before);
        return isOlder && taken.wentBack === undefined ? flag(taken) : taken;
      }
    }
  }

  /** That it went back is over once the session is open: a controller has judged it. */
  #taken({ metadata: { uid, generation }, spec: { term = '', restore, session } }: Table, before: Note | undefined): Note {
    const wentBack = session === this.#session ? undefined : before?.wentBack;
    return {
      tableUid: uid, count: generation, seal: term,
      ...(restore === undefined ? {} : { restore }), ...(wentBack === undefined ? {} : { wentBack }),
    };
  }

  async #remembered(): Promise<Note | undefined> {
    this.#note ??= await this.#read() ?? 'none';
    return this.#note === 'none' ? undefined : this.#note;
  }

  /** One that cannot be read says nothing, as on a new node. */
  async #read(): Promise<Note | undefined> {
    const { files, log } = this.#options;
    try {
      const text = await files.readNote(fileName);
      return text === undefined ? undefined : note.parse(JSON.parse(text));
    } catch (error) {
      log.warn('note of the last allocation cannot be read', {
        file: fileName, error, detail: 'that the cluster was restored from a backup is not noticed from here',
      });
      return undefined;
    }
  }

  /** Whole or not at all. Not synced: it is needed only where somebody puts a backup back, which no loss of power does. */
  async #write(what: Note): Promise<void> {
    const { files, log } = this.#options;
    try {
      await files.writeNote(fileName, JSON.stringify(what));
    } catch (error) {
      log.warn('note of the last allocation cannot be written', {
        file: fileName, error,
        detail: 'if the cluster is restored from a backup and the agent restarts, that is not noticed from here',
      });
    }
  }
}

/** What tells one from another: the API server counts each change of the spec, and a store that was put back counts on. */
function versionOf({ metadata: { uid, generation }, spec }: Table): unknown {
  return { uid, generation, spec };
}

function situationOf(table: Table | undefined, before: Note | undefined): ReadingSituation {
  if (table === undefined) return { table: 'Absent', isNoted: undefined, isOlder: false, isOtherRestore: false };
  const { metadata: { uid, generation }, spec: { term, restore } } = table;
  return {
    table: isSeal(term) ? 'Sealed' : 'NoSeal',
    isNoted: before === undefined ? undefined : before.tableUid === uid,
    isOlder: before !== undefined
      && (generation < before.count || (generation === before.count && term !== before.seal)),
    isOtherRestore: restore !== undefined && before !== undefined && restore !== before.restore,
  };
}
