/**
 * What the agent states of its host, in the status of its RealtimeAllocation: what lives and how each guest is, over
 * the very version of the table that was read. On transitions only.
 */
import { isDeepStrictEqual } from 'node:util';
import type { AllocatedGuest, AllocationStatus, ReportedGuest, UnlistedDomain } from '../crds/realtime-allocation.ts';
import { isSeal } from '../protocol/seal.ts';
import { plain } from '../store/change.ts';
import { isStoreError } from '../store/errors.ts';
import type { ResourceStore } from '../store/resource-store.ts';
import type { Stored } from '../store/resource.ts';
import { nameOfEntry } from './guest-look.ts';
import type { TableReader } from './table-reader.ts';

export interface StatementsOptions {
  readonly store: ResourceStore;
  readonly nodeName: string;
  readonly reader: Pick<TableReader, 'session' | 'wentBack'>;
  /** Whether what lives here is known: before the first look nothing is stated, nor while something is left of another process. */
  readonly mayState: () => boolean;
  /** Whether a start of this VM is under way: until it has ended, it counts as living. */
  readonly isStarting: (uid: string) => boolean;
  /** By the last look at all domains, the VM's own that lives by the entry's grant: the name of that. */
  readonly livingBy: (entry: AllocatedGuest) => string | undefined;
  /** The table does not say what is known: {@link Statements.write} should be called, soon and until it succeeds. */
  readonly outdated: () => void;
}

type Table = Stored<'RealtimeAllocation'>;

export interface StatementName {
  readonly session: string;
  readonly number: number;
}

/**
 * The latest report of each guest. Guests are looked after whether or not anybody can be told: telling is for whoever calls
 * {@link write}, which works out anew what is to be written, so that many changes become one write and none is lost.
 */
export class Statements {
  readonly #options: StatementsOptions;
  readonly #byUid = new Map<string, ReportedGuest>();
  #unlisted: readonly UnlistedDomain[] = [];
  /** As last read or written. */
  #table: Table | undefined;
  /** Of the session, whether or not it was answered. */
  #number = 0;
  #ofSession: string | undefined;
  #last: StatementName | undefined;

  constructor(options: StatementsOptions) {
    this.#options = options;
  }

  /** The last one that was written in the session of now. */
  get last(): StatementName | undefined {
    return this.#last?.session === this.#options.reader.session ? this.#last : undefined;
  }

  get(uid: string): ReportedGuest | undefined {
    return this.#byUid.get(uid);
  }

  /** Takes a version of the table, once the reader has. What an agent before this one has told in it stands until something newer is known. */
  read(table: Table): void {
    this.#table = table;
    for (const report of table.status?.guests ?? []) if (!this.#byUid.has(report.uid)) this.#byUid.set(report.uid, report);
    if (!this.#isTold(table)) this.#options.outdated();
  }

  tableGone(): void {
    this.#table = undefined;
  }

  set(report: ReportedGuest): void {
    const said = plain(report);
    if (isDeepStrictEqual(this.#byUid.get(said.uid), said)) return;
    this.#byUid.set(said.uid, said);
    this.#options.outdated();
  }

  /** Domains that live by a grant that no entry has. */
  setUnlisted(unlisted: readonly UnlistedDomain[]): void {
    this.#unlisted = plain(unlisted);
    if (this.#table !== undefined && !this.#isTold(this.#table)) this.#options.outdated();
  }

  forget(uid: string): void {
    this.#byUid.delete(uid);
  }

  /** Makes the status say what is known; writes nothing where it says so already. */
  async write(signal: AbortSignal): Promise<void> {
    const { store, nodeName } = this.#options;
    // Without a table there is nobody to tell. One that is read by a watch is read first: it may be another one.
    for (let table = this.#table; table !== undefined && !this.#isTold(table); table = this.#table) {
      const status = this.#next(table);
      try {
        const written = await store.updateStatus({ ...table, status }, signal);
        this.#table = written;
        const { session, number } = status;
        if (session !== undefined && number !== undefined) this.#last = { session, number };
      } catch (error) {
        if (isStoreError(error, 'NOT_FOUND')) return;
        if (!isStoreError(error, 'CONFLICT')) throw error;
        const now = await store.get('RealtimeAllocation', { name: nodeName }, signal);
        // Another version of what is asked for comes by the watch, which has an order.
        if (now === undefined || !asksTheSame(now, table)) return;
        this.#table = now;
      }
    }
  }

  #next(table: Table): AllocationStatus {
    const guests = table.spec.guests.flatMap((entry) => this.#reportOn(entry) ?? []);
    if (!this.#states(table)) return { ...table.status, guests };
    const { session, wentBack } = this.#options.reader;
    this.#number = this.#ofSession === session ? this.#number + 1 : 1;
    this.#ofSession = session;
    return {
      guests, session, number: this.#number, term: table.spec.term,
      ...(wentBack === undefined ? {} : { wentBack }),
      ...(this.#unlisted.length === 0 ? {} : { unlisted: this.#unlisted }),
    };
  }

  /** A controller of the version before does not ask for it. */
  #states({ spec: { term } }: Table): boolean {
    return isSeal(term) && this.#options.mayState();
  }

  /**
   * Of a start that is under way nobody can say that it does not live; and what was found alive lives, though nobody
   * has looked at it since there is an entry for it.
   */
  #reportOn(entry: AllocatedGuest): ReportedGuest | undefined {
    const report = this.#byUid.get(entry.vm.uid);
    if (report?.lives === true) return report;
    const domain = report?.domain === undefined ? {} : { domain: report.domain };
    if (this.#options.isStarting(entry.vm.uid)) return { ...starting(entry), ...domain };
    const grant = this.#options.livingBy(entry);
    return grant === undefined || report?.grant === grant ? report : { ...notLookedAt(entry, grant), ...domain };
  }

  #isTold(table: Table): boolean {
    const { status } = table;
    // That a start is under way is no reason to write; it is said with whatever is written meanwhile.
    const known = table.spec.guests.flatMap((entry) => (
      (this.#options.isStarting(entry.vm.uid) ? this.#byUid.get(entry.vm.uid) : this.#reportOn(entry)) ?? []
    ));
    const uids = new Set(known.map(({ uid }) => uid));
    // What is told of guests that have left the table goes with the next write, and so does what is told of a start.
    const told = (status?.guests ?? []).filter(({ uid }) => uids.has(uid));
    const isSame = known.length === told.length && known.every((report, index) => (
      isDeepStrictEqual(report, told[index]) || (this.#options.isStarting(report.uid) && told[index]?.uid === report.uid)
    ));
    if (!this.#states(table)) return isSame;
    const { session, wentBack } = this.#options.reader;
    return isSame && status?.session === session && status.term === table.spec.term && status.wentBack === wentBack
      && status.number === this.last?.number && isDeepStrictEqual(status.unlisted ?? [], this.#unlisted);
  }
}

function starting(entry: AllocatedGuest): ReportedGuest {
  return {
    uid: entry.vm.uid, grant: nameOfEntry(entry), lives: true,
    phase: 'Starting', reason: 'Starting', message: 'the domain is being prepared and started',
  };
}

function notLookedAt({ vm: { uid } }: AllocatedGuest, grant: string): ReportedGuest {
  return { uid, grant, lives: true, phase: 'Unknown', reason: 'NotLookedAt', message: 'its domain was found running, and is about to be audited' };
}

function asksTheSame(one: Table, other: Table): boolean {
  return one.metadata.uid === other.metadata.uid && one.metadata.generation === other.metadata.generation
    && one.spec.term === other.spec.term && one.spec.session === other.spec.session;
}
