/**
 * Counts only rise: one that is lower than was read before is of a store that was put back, or of a watch that is behind.
 * Which of the two, only the store itself can say. @see protocol/restore-table.ts
 */
import { isDeepStrictEqual } from 'node:util';
import type { ResourceStore } from '../store/resource-store.ts';
import type { Stored } from '../store/resource.ts';

interface TableCount {
  readonly uid: string;
  readonly generation: number;
  readonly term: string | undefined;
}

interface VmCount {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly count: number;
}

export class Suspicions {
  readonly #store: Pick<ResourceStore, 'get'>;
  /** Asked to call {@link Suspicions.confirm} soon. */
  readonly #suspected: () => void;
  readonly #latestOf = new Map<string, TableCount>();
  /** By UID. */
  readonly #runs = new Map<string, VmCount>();
  readonly #tables = new Map<string, TableCount>();
  readonly #vms = new Map<string, VmCount>();

  constructor(store: Pick<ResourceStore, 'get'>, suspected: () => void) {
    this.#store = store;
    this.#suspected = suspected;
  }

  tableSeen({ metadata: { name, uid, generation }, spec: { term } }: Stored<'RealtimeAllocation'>): void {
    const latest = this.#latestOf.get(name);
    if (latest !== undefined && isLower({ uid, generation, term }, latest)) {
      this.#tables.set(name, latest);
      this.#suspected();
    }
    else this.#latestOf.set(name, { uid, generation, term });
  }

  vmSeen({ metadata: { namespace, name, uid }, status }: Stored<'RealtimeVM'>): void {
    const count = status?.run?.count;
    if (count === undefined) return;
    const latest = this.#runs.get(uid);
    if (latest !== undefined && count < latest.count) {
      this.#vms.set(uid, latest);
      this.#suspected();
    }
    else this.#runs.set(uid, { namespace, name, uid, count });
  }

  vmGone({ metadata: { uid } }: Stored<'RealtimeVM'>): void {
    this.#runs.delete(uid);
  }

  /** Asks the store. @returns what has gone back, for people; undefined where nothing has. */
  async confirm(signal: AbortSignal): Promise<string | undefined> {
    let found: string | undefined;
    for (const [name, latest] of [...this.#tables]) {
      const now = await this.#store.get('RealtimeAllocation', { name }, signal);
      this.#tables.delete(name);
      if (now === undefined) continue;
      const { metadata: { uid, generation }, spec: { term } } = now;
      const is = { uid, generation, term };
      if (isLower(is, latest)) found ??= `RealtimeAllocation ${name} was of generation ${latest.generation}, and is of ${generation}`;
      this.#latestOf.set(name, is);
    }
    for (const [uid, latest] of [...this.#vms]) {
      const { namespace, name } = latest;
      const now = await this.#store.get('RealtimeVM', { namespace, name }, signal);
      this.#vms.delete(uid);
      const count = now?.metadata.uid === uid ? now.status?.run?.count : undefined;
      if (count === undefined) continue;
      if (count < latest.count) found ??= `the run of RealtimeVM ${namespace}/${name} was of count ${latest.count}, and is of ${count}`;
      this.#runs.set(uid, { ...latest, count });
    }
    return found;
  }
}

function isLower(is: TableCount, latest: TableCount): boolean {
  if (is.uid !== latest.uid || isDeepStrictEqual(is, latest)) return false;
  return is.generation < latest.generation || (is.generation === latest.generation && is.term !== latest.term);
}
