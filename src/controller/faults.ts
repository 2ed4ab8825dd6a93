/**
 * Keeps a fault of rtvm itself to the VM or the node that it is about: that one is stopped where it is and says so,
 * everything else goes on. The VM is tried again with growing pauses, as after any error, the node with its next change.
 */
import { AssertionFailedError } from '../realtime/assert.ts';
import type { Log } from '../runtime/log.ts';
import type { Stored } from '../store/resource.ts';
import type { ClusterView } from './cluster-view.ts';
import { DoubleBookedError } from './double-booked-error.ts';
import type { InvariantsObserver } from './invariants-observer.ts';
import type { Mirror } from './mirror.ts';
import type { VmWriter } from './vm-writer.ts';

export interface FaultsOptions {
  readonly vms: Mirror<'RealtimeVM'>;
  readonly view: Pick<ClusterView, 'setAside'>;
  readonly vmWriter: Pick<VmWriter, 'report' | 'reportFault'>;
  readonly observer: Pick<InvariantsObserver, 'assertionFailed'>;
  readonly log: Log;
}

export class Faults {
  readonly #options: FaultsOptions;

  constructor(options: FaultsOptions) {
    this.#options = options;
  }

  /** @throws what `reconcile` threw, for its queue to log and to try again; the VM's status has it by then. */
  async ofVm<Result>(key: string, signal: AbortSignal, reconcile: () => Promise<Result>): Promise<Result> {
    try {
      return await reconcile();
    } catch (error) {
      if (!isFault(error)) throw error;
      this.#options.observer.assertionFailed();
      const vm = this.#options.vms.find(key);
      if (vm !== undefined) await this.#report(key, vm, error, signal);
      throw error;
    }
  }

  /** Nothing is placed on a node of which it is not known what was taken over. */
  ofNode(nodeName: string, take: () => void): void {
    try {
      take();
    } catch (error) {
      if (!isFault(error)) throw error;
      this.#options.observer.assertionFailed();
      this.#options.view.setAside(nodeName);
      this.#options.log.error('node set aside until something of it changes', { node: nodeName, error });
    }
  }

  async #report(key: string, vm: Stored<'RealtimeVM'>, error: Fault, signal: AbortSignal): Promise<void> {
    const { vmWriter, log } = this.#options;
    try {
      const { message } = error;
      if (error instanceof AssertionFailedError) await vmWriter.reportFault(vm, message, signal);
      else await vmWriter.report(vm, { kind: 'unplaced', reason: 'DoubleBooked', message }, signal);
    } catch (unwritten) {
      // The next try says it.
      if (!signal.aborted) log.warn('status not written; retrying', { vm: key, error: unwritten });
    }
  }
}

type Fault = AssertionFailedError | DoubleBookedError;

function isFault(error: unknown): error is Fault {
  return error instanceof AssertionFailedError || error instanceof DoubleBookedError;
}
