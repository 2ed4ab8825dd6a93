/** Tells what the agent made of each guest: in the status of its RealtimeAllocation, on transitions only. */
import { isDeepStrictEqual } from 'node:util';
import type { ReportedGuest } from '../crds/realtime-allocation.ts';
import { isStoreError } from '../store/errors.ts';
import { modify } from '../store/modify.ts';
import type { ResourceStore } from '../store/resource-store.ts';

export interface ReportsOptions {
  readonly store: ResourceStore;
  readonly nodeName: string;
}

/**
 * The latest report of each guest. Many changes at once become one write; a write that fails is made again by whoever calls
 * {@link write} next, since what is to be written is always worked out anew.
 */
export class Reports {
  readonly #options: ReportsOptions;
  readonly #byUid = new Map<string, ReportedGuest>();

  constructor(options: ReportsOptions) {
    this.#options = options;
  }

  get(uid: string): ReportedGuest | undefined {
    return this.#byUid.get(uid);
  }

  /** What an agent before this one has told; it stands until something newer is known. */
  adopt(reports: readonly ReportedGuest[]): void {
    for (const report of reports) if (!this.#byUid.has(report.uid)) this.#byUid.set(report.uid, report);
  }

  /** @returns whether anything is new in it. */
  set(report: ReportedGuest): boolean {
    if (isDeepStrictEqual(this.#byUid.get(report.uid), report)) return false;
    this.#byUid.set(report.uid, report);
    return true;
  }

  forget(uid: string): void {
    this.#byUid.delete(uid);
  }

  /** Makes the status say what is known of the guests that the table names; writes nothing where it says so already. */
  async write(signal: AbortSignal): Promise<void> {
    const { store, nodeName } = this.#options;
    try {
      await modify(store, 'RealtimeAllocation', { name: nodeName }, (allocation) => ({
        ...allocation,
        status: { guests: allocation.spec.guests.flatMap(({ vm }) => this.#byUid.get(vm.uid) ?? []) },
      }), { write: 'updateStatus', signal });
    } catch (error) {
      // Without a table there is nobody to report on.
      if (!isStoreError(error, 'NOT_FOUND')) throw error;
    }
  }
}
