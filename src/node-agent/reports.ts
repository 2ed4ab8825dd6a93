/** Tells what the agent made of each guest: in the status of its RealtimeAllocation, on transitions only. */
import { isDeepStrictEqual } from 'node:util';
import type { ReportedGuest } from '../crds/realtime-allocation.ts';
import { plain } from '../store/change.ts';
import { isStoreError } from '../store/errors.ts';
import type { ResourceStore } from '../store/resource-store.ts';
import type { Stored } from '../store/resource.ts';

export interface ReportsOptions {
  readonly store: ResourceStore;
  readonly nodeName: string;
  /** The table does not say what is known: {@link Reports.write} should be called, soon and until it succeeds. */
  readonly outdated: () => void;
}

/**
 * The latest report of each guest. Guests are looked after whether or not anybody can be told: telling is for whoever calls
 * {@link write}, which works out anew what is to be written, so that many changes become one write and none is lost.
 */
export class Reports {
  readonly #options: ReportsOptions;
  readonly #byUid = new Map<string, ReportedGuest>();
  /** As last read or written. */
  #table: Stored<'RealtimeAllocation'> | undefined;

  constructor(options: ReportsOptions) {
    this.#options = options;
  }

  get(uid: string): ReportedGuest | undefined {
    return this.#byUid.get(uid);
  }

  /** Takes a version of the table. What an agent before this one has told in it stands until something newer is known. */
  read(table: Stored<'RealtimeAllocation'>): void {
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

  forget(uid: string): void {
    this.#byUid.delete(uid);
  }

  /** Makes the status say what is known of the guests that the table names; writes nothing where it says so already. */
  async write(signal: AbortSignal): Promise<void> {
    const { store, nodeName } = this.#options;
    let table = this.#table ?? await store.get('RealtimeAllocation', { name: nodeName }, signal);
    // Without a table there is nobody to report on.
    while (table !== undefined && !this.#isTold(table)) {
      try {
        this.#table = await store.updateStatus({ ...table, status: { guests: this.#known(table) } }, signal);
        return;
      } catch (error) {
        if (isStoreError(error, 'NOT_FOUND')) return;
        if (!isStoreError(error, 'CONFLICT')) throw error;
        table = await store.get('RealtimeAllocation', { name: nodeName }, signal);
      }
    }
  }

  #known({ spec }: Stored<'RealtimeAllocation'>): readonly ReportedGuest[] {
    return spec.guests.flatMap(({ vm }) => this.#byUid.get(vm.uid) ?? []);
  }

  #isTold(table: Stored<'RealtimeAllocation'>): boolean {
    const known = this.#known(table);
    const uids = new Set(known.map(({ uid }) => uid));
    // What is told of guests that have left the table goes with the next write.
    return isDeepStrictEqual(known, (table.status?.guests ?? []).filter(({ uid }) => uids.has(uid)));
  }
}
