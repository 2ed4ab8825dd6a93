/**
 * Writes nodes' tables: all changes decided for one node while its last write was under way become one compare-and-swap.
 *
 * A change is written only over the entries, the seal and the agent's session that it was decided on. Where one of them
 * has changed since, every change that waits for that node is given back to be decided anew; where only reports have,
 * the write goes on over the newer version. A table that is not there is not made by it: it is sealed first.
 *
 * The last fence against giving anything twice: whatever was decided, a change that would is not written. One that
 * adds nothing to what is given twice always is. I1, I8.
 */
import { isDeepStrictEqual } from 'node:util';
import type { AllocatedGuest } from '../crds/realtime-allocation.ts';
import { assert } from '../realtime/assert.ts';
import { refusedChanges } from '../realtime/place/refused-changes.ts';
import type { Overlap } from '../realtime/place/double-booked.ts';
import type { Clock } from '../runtime/clock.ts';
import { ConflictError, isStoreError } from '../store/errors.ts';
import type { ResourceStore } from '../store/resource-store.ts';
import type { Stored } from '../store/resource.ts';
import { applyEdits } from './allocation-edit.ts';
import type { AllocationEdit } from './allocation-edit.ts';
import type { ClusterView } from './cluster-view.ts';
import { DoubleBookedError } from './double-booked-error.ts';
import { namesOf } from './double-bookings.ts';
import { holdingsIn } from './table-claims.ts';
import { sameEntries } from './table-record.ts';

type Spec = Stored<'RealtimeAllocation'>['spec'];

/** A change of the table as such. */
interface WaitingSpec {
  readonly change: (spec: Spec) => Spec;
  readonly epoch: number;
  readonly done: PromiseWithResolvers<undefined>;
}

interface Waiting {
  readonly edit: AllocationEdit;
  readonly epoch: number;
  readonly done: PromiseWithResolvers<undefined>;
}

/** By UID. */
type Batch = ReadonlyMap<string, Waiting>;
type Edits = ReadonlyMap<string, AllocationEdit>;
type Entries = readonly AllocatedGuest[];

export class AllocationWriter {
  readonly #store: ResourceStore;
  readonly #view: ClusterView;
  readonly #clock: Clock;
  readonly #waiting = new Map<string, Map<string, Waiting>>();
  readonly #waitingSpecs = new Map<string, WaitingSpec[]>();
  readonly #underWay = new Set<string>();
  /** Version of each node's table over which a write was sent that was not answered. */
  readonly #unanswered = new Map<string, string>();
  readonly #onUnanswered: (nodeName: string) => void;

  /** @param onUnanswered of a write of the node's table nobody knows whether it will land: it is to be overtaken by another. */
  constructor(
    store: ResourceStore, view: ClusterView, clock: Clock, onUnanswered: (nodeName: string) => void = () => undefined,
  ) {
    this.#clock = clock;
    this.#store = store;
    this.#view = view;
    this.#onUnanswered = onUnanswered;
  }

  /** Whether a write that was not answered may land still: the table is the one over which it was sent. */
  isUnanswered(nodeName: string): boolean {
    const version = this.#unanswered.get(nodeName);
    return version !== undefined && this.#view.tableOf(nodeName)?.metadata.resourceVersion === version;
  }

  /**
   * Makes one change, and holds it in the view at once. To be called in the same breath as the decision that it is from.
   * @throws ConflictError where it has to be decided again; DoubleBookedError where it would give what another has,
   * and then the others' changes are written without it; and what the store throws.
   */
  async change(nodeName: string, uid: string, edit: AllocationEdit, signal: AbortSignal): Promise<void> {
    const isOwn = edit.kind === 'remove' || edit.entry.vm.uid === uid;
    assert(isOwn, 'a change of a VM is of its own entry', { nodeName, uid });
    const done = Promise.withResolvers<undefined>();
    const waiting = this.#waiting.get(nodeName) ?? new Map<string, Waiting>();
    this.#waiting.set(nodeName, waiting);
    waiting.get(uid)?.done.reject(new ConflictError(`a later change of ${uid} on node ${nodeName} has taken the place of this one`));
    waiting.set(uid, { edit, done, epoch: this.#view.addPending(nodeName, uid, edit) });
    this.#begin(nodeName, signal);
    await done.promise;
  }

  /**
   * Changes the table as such: its seal, its session, whole sets of entries.
   * @throws ConflictError where it has to be decided again; and what the store throws.
   */
  async changeTable(nodeName: string, change: (spec: Spec) => Spec, signal: AbortSignal): Promise<void> {
    const done = Promise.withResolvers<undefined>();
    const waiting = this.#waitingSpecs.get(nodeName) ?? [];
    this.#waitingSpecs.set(nodeName, [...waiting, { change, done, epoch: this.#view.epochOf(nodeName) }]);
    this.#begin(nodeName, signal);
    await done.promise;
  }

  /** Makes the node's table, which has none. @throws ConflictError where somebody has made it meanwhile; and what the store throws. */
  async makeTable(nodeName: string, spec: Spec, signal: AbortSignal): Promise<void> {
    try {
      this.#view.tableWritten(await this.#store.create({ kind: 'RealtimeAllocation', metadata: { name: nodeName }, spec }, signal));
    } catch (error) {
      if (!isStoreError(error, 'ALREADY_EXISTS')) throw error;
      await this.#readAgain(nodeName, signal);
      throw new ConflictError(`the RealtimeAllocation of node ${nodeName} was made by somebody else`, { cause: error });
    }
  }

  #begin(nodeName: string, signal: AbortSignal): void {
    if (this.#underWay.has(nodeName)) return;
    this.#underWay.add(nodeName);
    // After what else is decided in this turn.
    this.#clock.afterThisTurn(() => void this.#writeAll(nodeName, signal));
  }

  async #writeAll(nodeName: string, signal: AbortSignal): Promise<void> {
    for (;;) {
      const spec = this.#waitingSpecs.get(nodeName)?.shift();
      if (spec !== undefined) {
        await this.#writeSpec(nodeName, spec, signal).then(spec.done.resolve, spec.done.reject);
        continue;
      }
      const batch = this.#take(nodeName);
      if (batch.size === 0) break;
      try {
        await this.#write(nodeName, batch, signal);
        this.#end(nodeName, batch, ({ resolve }) => resolve(undefined));
      } catch (error) {
        this.#end(nodeName, batch, ({ reject }) => reject(error));
      }
    }
    this.#underWay.delete(nodeName);
  }

  async #writeSpec(nodeName: string, { change, epoch }: WaitingSpec, signal: AbortSignal): Promise<undefined> {
    const base = this.#base(nodeName, (expected) => expected === epoch);
    const spec = change(base.spec);
    this.#view.expect(nodeName, spec.guests);
    try {
      await this.#update({ ...base, spec }, signal);
    } catch (error) {
      if (!isOvertaken(error)) throw error;
      await this.#readAgain(nodeName, signal);
      throw new ConflictError(`the table of node ${nodeName} was changed by somebody else`, { cause: error });
    } finally {
      this.#view.expect(nodeName, undefined);
    }
    return undefined;
  }

  async #update(table: Stored<'RealtimeAllocation'>, signal: AbortSignal): Promise<void> {
    const { name, resourceVersion } = table.metadata;
    try {
      this.#view.tableWritten(await this.#store.update(table, signal));
      this.#unanswered.delete(name);
    } catch (error) {
      if (isStoreError(error, 'UNAVAILABLE')) {
        this.#unanswered.set(name, resourceVersion);
        this.#onUnanswered(name);
      }
      throw error;
    }
  }

  /** The table that was decided on. @throws ConflictError */
  #base(nodeName: string, isOfNow: (epoch: number) => boolean): Stored<'RealtimeAllocation'> {
    const base = this.#view.isGone(nodeName) ? undefined : this.#view.tableOf(nodeName);
    if (base === undefined) throw new ConflictError(`node ${nodeName} has no table`);
    if (!isOfNow(this.#view.epochOf(nodeName))) throw new ConflictError(`the table of node ${nodeName} was changed by somebody else`);
    return base;
  }

  async #readAgain(nodeName: string, signal: AbortSignal): Promise<void> {
    const now = await this.#store.get('RealtimeAllocation', { name: nodeName }, signal);
    if (now === undefined) this.#view.tableGone(nodeName);
    else this.#view.tableKnown(now);
  }

  #take(nodeName: string): Map<string, Waiting> {
    const batch = this.#waiting.get(nodeName) ?? new Map<string, Waiting>();
    this.#waiting.delete(nodeName);
    return batch;
  }

  #end(nodeName: string, batch: Batch, end: (done: PromiseWithResolvers<undefined>) => void): void {
    const dones = [...batch.values()].map(({ done }) => done);
    try {
      this.#view.clearPending(nodeName, editsOf(batch));
      dones.forEach(end);
    } catch (fault) {
      dones.forEach(({ reject }) => reject(fault));
    }
  }

  /** Takes out of the batch what is not to be written. */
  async #write(nodeName: string, batch: Map<string, Waiting>, signal: AbortSignal): Promise<void> {
    for (;;) {
      const base = this.#base(nodeName, (epoch) => [...batch.values()].every((waiting) => waiting.epoch === epoch));
      const before = base.spec.guests;
      this.#refuse(nodeName, before, batch);
      if (batch.size === 0) return;
      const edits = editsOf(batch);
      const guests = applyEdits(before, edits);
      requireOthersKept(before, guests, edits);
      if (isDeepStrictEqual(guests, before)) return;
      this.#view.expect(nodeName, guests);
      try {
        await this.#update({ ...base, spec: { ...base.spec, guests } }, signal);
        return;
      } catch (error) {
        if (!isOvertaken(error)) throw error;
        await this.#readAgain(nodeName, signal);
      } finally {
        this.#view.expect(nodeName, undefined);
      }
    }
  }

  /** Gives those changes back that would give something twice. */
  #refuse(nodeName: string, before: Entries, batch: Map<string, Waiting>): void {
    const refused = this.#refusedOf(nodeName, before, editsOf(batch));
    if (refused.size === 0) return;
    const put = [...batch.values()].flatMap(({ edit }) => (edit.kind === 'put' ? [edit.entry] : []));
    const nameOf = namesOf([...before, ...put]);
    for (const [uid, overlaps] of refused) {
      const waiting = batch.get(uid);
      assert(waiting !== undefined, 'only a change that was to be written is refused', { nodeName, uid });
      batch.delete(uid);
      const error = new DoubleBookedError(nodeName, uid, overlaps, nameOf);
      this.#end(nodeName, new Map([[uid, waiting]]), ({ reject }) => reject(error));
    }
  }

  #refusedOf(nodeName: string, before: Entries, edits: Edits): ReadonlyMap<string, readonly Overlap[]> {
    const changes = new Map([...edits].map(([uid, edit]) => [uid, {
      holding: edit.kind === 'put' ? holdingsIn([edit.entry]).get(uid) : undefined,
      runs: edit.kind === 'put' && edit.runs === true,
    }]));
    return refusedChanges(holdingsIn(before), changes, this.#view.inventoryOf(nodeName));
  }
}

function isOvertaken(error: unknown): boolean {
  return isStoreError(error, 'CONFLICT') || isStoreError(error, 'NOT_FOUND');
}

function editsOf(batch: Batch): Edits {
  return new Map([...batch].map(([uid, { edit }]) => [uid, edit]));
}

/** What nobody has decided to change is written as it was. */
function requireOthersKept(before: Entries, after: Entries, edits: Edits): void {
  const [kept = [], others = []] = [before, after].map((guests) => guests.filter(({ vm }) => !edits.has(vm.uid)));
  assert(sameEntries(kept, others), 'a write of a table keeps what it does not change');
}
