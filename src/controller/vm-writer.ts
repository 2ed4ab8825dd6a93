/** Writes RealtimeVMs: their finalizers, and their status with the events that tell what has changed in it. */
import type { RealtimeVmStatus, VmRun } from '../crds/realtime-vm-status.ts';
import { assert } from '../realtime/assert.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { objectKey } from '../runtime/object-key.ts';
import { isStoreError } from '../store/errors.ts';
import type { ResourceStore } from '../store/resource-store.ts';
import type { Stored } from '../store/resource.ts';
import { eventsOf } from './events.ts';
import type { Mirror } from './mirror.ts';
import type { VmStanding } from './vm-report.ts';
import { faultyStatus, statusOf } from './vm-status.ts';

export interface VmWriterOptions {
  readonly store: ResourceStore;
  readonly vms: Mirror<'RealtimeVM'>;
  readonly clock: Clock;
  readonly log: Log;
}

type Vm = Stored<'RealtimeVM'>;

export class VmWriter {
  readonly #options: VmWriterOptions;

  constructor(options: VmWriterOptions) {
    this.#options = options;
  }

  /** @throws StoreError `CONFLICT` when somebody was faster; the VM is then known as it is now. */
  async setFinalizers(vm: Stored<'RealtimeVM'>, finalizers: readonly string[] | undefined, signal: AbortSignal): Promise<void> {
    await this.#write('update', { ...vm, metadata: { ...vm.metadata, finalizers } }, signal);
  }

  /**
   * Opens or closes its run: of two controllers that do so one fails. I7.
   * @param boundTo where its NodeLocal disks are, or will be: written before a table that has them made.
   * @throws StoreError as {@link setFinalizers} does.
   */
  async setRun(vm: Stored<'RealtimeVM'>, run: VmRun, boundTo: string | undefined, signal: AbortSignal): Promise<void> {
    const before = vm.status?.run;
    assert(run.count === (before?.count ?? 0) + 1, 'the count of a run rises by one', { before: before?.count, after: run.count });
    const { boundTo: _, ...status } = vm.status ?? {};
    await this.#write('updateStatus', { ...vm, status: { ...status, run, ...(boundTo === undefined ? {} : { boundTo }) } }, signal);
  }

  /** Says how the VM stands. @throws StoreError as {@link setFinalizers} does. */
  async report(vm: Stored<'RealtimeVM'>, standing: VmStanding, signal: AbortSignal): Promise<void> {
    await this.#writeStatus(vm, (current, now) => statusOf(current, standing, now), signal);
  }

  /** Says that it is not known how the VM stands. @throws StoreError as {@link setFinalizers} does. */
  async reportFault(vm: Stored<'RealtimeVM'>, message: string, signal: AbortSignal): Promise<void> {
    await this.#writeStatus(vm, (current, now) => faultyStatus(current, message, now), signal);
  }

  async #writeStatus(vm: Vm, statusNow: (vm: Vm, now: Date) => RealtimeVmStatus, signal: AbortSignal): Promise<void> {
    const { store, vms, clock, log } = this.#options;
    const current = vms.get(vm.metadata) ?? vm;
    const status = statusNow(current, clock.date());
    await this.#write('updateStatus', { ...current, status }, signal);
    const { namespace, name, uid } = vm.metadata;
    for (const event of eventsOf(current.status, status)) {
      try {
        await store.recordEvent({ about: { kind: 'RealtimeVM', namespace, name, uid }, ...event }, signal);
      } catch (error) {
        // It says what the status says; nothing is decided by it.
        if (!signal.aborted) log.warn('event not recorded', { vm: objectKey(vm.metadata), reason: event.reason, error });
      }
    }
  }

  async #write(write: 'update' | 'updateStatus', vm: Stored<'RealtimeVM'>, signal: AbortSignal): Promise<void> {
    const { store, vms } = this.#options;
    try {
      vms.putWritten(await store[write](vm, signal));
    } catch (error) {
      if (isStoreError(error, 'CONFLICT')) {
        const now = await store.get('RealtimeVM', vm.metadata, signal);
        if (now === undefined) vms.remove(vm.metadata);
        else vms.put(now);
      }
      throw error;
    }
  }
}
