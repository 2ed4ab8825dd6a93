/**
 * Speaks for the agent of a node where a test has no host: answers each seal with a statement, and says of guests what
 * the test makes it say. A session of its own, as an agent process has.
 */
import type { AllocatedGuest, AllocationStatus, ReportedGuest, UnlistedDomain } from '../../crds/realtime-allocation.ts';
import { isStoreError } from '../../store/errors.ts';
import type { ResourceStore } from '../../store/resource-store.ts';
import type { Stored } from '../../store/resource.ts';

/** Of a guest, but for its UID and its grant. */
export type Said = Omit<ReportedGuest, 'uid' | 'grant'>;

export class SpokenAgent {
  readonly session: string;
  readonly #store: ResourceStore;
  readonly #nodeName: string;
  readonly #stop = new AbortController();
  readonly #reports = new Map<string, Said>();
  #unlisted: readonly UnlistedDomain[] = [];
  #number = 0;
  #writing: Promise<unknown> = Promise.resolve();
  readonly #ended: Promise<void>;

  constructor(store: ResourceStore, nodeName: string, session = `session-of-${nodeName}`) {
    this.#store = store;
    this.#nodeName = nodeName;
    this.session = session;
    this.#ended = this.#follow();
  }

  /** Says something of a guest, now and with each statement from now on. */
  async tell(uid: string, said: Said): Promise<void> {
    this.#reports.set(uid, said);
    await this.#state(true);
  }

  /** Domains that live with no entry that says so. */
  async tellUnlisted(unlisted: readonly UnlistedDomain[]): Promise<void> {
    this.#unlisted = unlisted;
    await this.#state(true);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
    await this.#writing;
  }

  async #follow(): Promise<void> {
    for await (const event of this.#store.watch('RealtimeAllocation', { name: this.#nodeName }, this.#stop.signal)) {
      if (event.type === 'added' || event.type === 'modified') void this.#state(false);
    }
  }

  /** One write at a time. @param isNews whatever the seal. */
  #state(isNews: boolean): Promise<unknown> {
    const write = this.#writing.then(() => this.#write(isNews));
    this.#writing = write.catch(() => undefined);
    return write;
  }

  async #write(isNews: boolean): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const table = await this.#store.get('RealtimeAllocation', { name: this.#nodeName });
      if (table === undefined) return;
      const { spec: { term }, status } = table;
      if (!isNews && (term === undefined || (status?.term === term && status.session === this.session))) return;
      try {
        await this.#store.updateStatus({ ...table, status: this.#statement(table) });
        return;
      } catch (error) {
        if (!isStoreError(error, 'CONFLICT')) throw error;
      }
    }
  }

  #statement({ spec }: Stored<'RealtimeAllocation'>): AllocationStatus {
    this.#number += 1;
    return {
      guests: spec.guests.flatMap((entry) => {
        const said = this.#reports.get(entry.vm.uid);
        return said === undefined ? [] : [reportOf(entry, said)];
      }),
      session: this.session, number: this.#number, term: spec.term,
      ...(this.#unlisted.length === 0 ? {} : { unlisted: this.#unlisted }),
    };
  }
}

function reportOf({ vm: { uid }, grant, request }: AllocatedGuest, said: Said): ReportedGuest {
  const lives = ['Running', 'Stopping', 'Starting', 'Unknown'].includes(said.phase);
  const isAsked = said.request === request && request !== undefined;
  const answered = isAsked && (said.phase === 'Stopped' || said.phase === 'Removed') ? said.phase : undefined;
  return {
    uid, ...said, grant: grant?.name ?? `before:${uid}`,
    ...(lives ? { lives } : {}),
    ...(answered === undefined ? {} : { answered }),
  };
}
