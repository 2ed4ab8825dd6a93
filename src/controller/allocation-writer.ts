/**
 * Writes nodes' tables: all changes decided for one node while its last write was under way become one compare-and-swap.
 *
 * A change is written only over the entries that it was decided on. Where somebody else has changed them since, every
 * change that waits for that node is given back to be decided anew; where only the status has changed, the write goes on
 * over the newer version. A table that is not there is made, with all that it held when it was last seen.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../runtime/clock.ts';
import { ConflictError, isStoreError } from '../store/errors.ts';
import type { ResourceStore } from '../store/resource-store.ts';
import { applyEdits } from './allocation-edit.ts';
import type { AllocationEdit } from './allocation-edit.ts';
import type { ClusterView } from './cluster-view.ts';

interface Waiting {
  readonly edit: AllocationEdit;
  readonly epoch: number;
  readonly done: PromiseWithResolvers<undefined>;
}

export class AllocationWriter {
  readonly #store: ResourceStore;
  readonly #view: ClusterView;
  readonly #clock: Clock;
  readonly #waiting = new Map<string, Map<string, Waiting>>();
  readonly #underWay = new Set<string>();

  constructor(store: ResourceStore, view: ClusterView, clock: Clock) {
    this.#clock = clock;
    this.#store = store;
    this.#view = view;
  }

  /**
   * Makes one change, and holds it in the view at once. To be called in the same breath as the decision that it is from.
   * @throws ConflictError where it has to be decided anew; and what the store throws.
   */
  async change(nodeName: string, uid: string, edit: AllocationEdit, signal: AbortSignal): Promise<void> {
    const done = Promise.withResolvers<undefined>();
    const waiting = this.#waiting.get(nodeName) ?? new Map<string, Waiting>();
    this.#waiting.set(nodeName, waiting);
    waiting.get(uid)?.done.reject(new ConflictError(`a later change of ${uid} on node ${nodeName} has taken the place of this one`));
    waiting.set(uid, { edit, done, epoch: this.#view.addPending(nodeName, uid, edit) });
    if (!this.#underWay.has(nodeName)) {
      this.#underWay.add(nodeName);
      // After what else is decided in this turn.
      this.#clock.afterThisTurn(() => void this.#writeAll(nodeName, signal));
    }
    await done.promise;
  }

  /** Makes the node's table carry a term; makes the table where there is none. @see Hearing */
  async writeTerm(nodeName: string, term: string, signal: AbortSignal): Promise<void> {
    const base = this.#view.isGone(nodeName) ? undefined : this.#view.tableOf(nodeName);
    if (base?.spec.term === term) return;
    const guests = this.#view.tableOf(nodeName)?.spec.guests ?? [];
    try {
      this.#view.tableKnown(base === undefined
        ? await this.#store.create({ kind: 'RealtimeAllocation', metadata: { name: nodeName }, spec: { guests, term } }, signal)
        : await this.#store.update({ ...base, spec: { ...base.spec, term } }, signal));
    } catch (error) {
      const now = isStoreError(error, 'CONFLICT') || isStoreError(error, 'ALREADY_EXISTS') ? await this.#store.get('RealtimeAllocation', { name: nodeName }, signal) : undefined;
      if (now !== undefined) this.#view.tableKnown(now);
      throw error;
    }
  }

  async #writeAll(nodeName: string, signal: AbortSignal): Promise<void> {
    for (let batch = this.#take(nodeName); batch.size > 0; batch = this.#take(nodeName)) {
      const edits = new Map([...batch].map(([uid, { edit }]) => [uid, edit]));
      try {
        await this.#write(nodeName, batch, edits, signal);
        this.#view.clearPending(nodeName, edits);
        for (const { done } of batch.values()) done.resolve(undefined);
      } catch (error) {
        this.#view.clearPending(nodeName, edits);
        for (const { done } of batch.values()) done.reject(error);
      }
    }
    this.#underWay.delete(nodeName);
  }

  #take(nodeName: string): ReadonlyMap<string, Waiting> {
    const batch = this.#waiting.get(nodeName) ?? new Map<string, Waiting>();
    this.#waiting.delete(nodeName);
    return batch;
  }

  async #write(nodeName: string, batch: ReadonlyMap<string, Waiting>, edits: ReadonlyMap<string, AllocationEdit>, signal: AbortSignal): Promise<void> {
    for (;;) {
      const known = this.#view.tableOf(nodeName);
      const base = this.#view.isGone(nodeName) ? undefined : known;
      const epoch = this.#view.epochOf(nodeName);
      if ([...batch.values()].some((waiting) => waiting.epoch !== epoch)) throw new ConflictError(`the table of node ${nodeName} was changed by somebody else`);
      const guests = applyEdits(known?.spec.guests ?? [], edits);
      if (base !== undefined && isDeepStrictEqual(guests, base.spec.guests)) return;
      this.#view.expect(nodeName, guests);
      try {
        this.#view.tableKnown(base === undefined
          ? await this.#store.create({ kind: 'RealtimeAllocation', metadata: { name: nodeName }, spec: { guests } }, signal)
          : await this.#store.update({ ...base, spec: { ...base.spec, guests } }, signal));
        return;
      } catch (error) {
        if (!isStoreError(error, 'CONFLICT') && !isStoreError(error, 'ALREADY_EXISTS') && !isStoreError(error, 'NOT_FOUND')) throw error;
        const now = await this.#store.get('RealtimeAllocation', { name: nodeName }, signal);
        if (now === undefined) this.#view.tableGone(nodeName);
        else this.#view.tableKnown(now);
      } finally {
        this.#view.expect(nodeName, undefined);
      }
    }
  }
}
