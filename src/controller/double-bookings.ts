/**
 * Looks at every table that was read for what it gives twice, and says so once: as a figure, in the log, and as events
 * of the VMs. Nothing of it is taken from anybody: which of two VMs is to end is for a person to say. I1, I8.
 */
import type { AllocatedGuest } from '../crds/realtime-allocation.ts';
import { doubleBooked, overlapText } from '../realtime/place/double-booked.ts';
import { isAbort } from '../runtime/abort.ts';
import type { Log } from '../runtime/log.ts';
import { objectKey } from '../runtime/object-key.ts';
import type { EventDraft } from '../store/event.ts';
import type { ClusterView } from './cluster-view.ts';
import type { VmEvent } from './events.ts';
import type { InvariantsObserver } from './invariants-observer.ts';
import { holdingsIn, unreadable } from './table-claims.ts';

export interface DoubleBookingsOptions {
  readonly view: Pick<ClusterView, 'tableOf' | 'inventoryOf'>;
  readonly observer: Pick<InvariantsObserver, 'doubleBooked'>;
  readonly log: Log;
  readonly record: (event: EventDraft) => Promise<void>;
}

/** What was said of a node: of each VM, and why its table cannot be read. */
interface Told {
  readonly ofVm: ReadonlyMap<string, string>;
  readonly unreadable: string | undefined;
}

const nothing: Told = { ofVm: new Map(), unreadable: undefined };

export class DoubleBookings {
  readonly #options: DoubleBookingsOptions;
  readonly #told = new Map<string, Told>();

  constructor(options: DoubleBookingsOptions) {
    this.#options = options;
  }

  /** The node's table was read, or what the node has. */
  look(nodeName: string): void {
    const { view, observer, log } = this.#options;
    const guests = view.tableOf(nodeName)?.spec.guests;
    if (guests === undefined) return;
    const overlaps = doubleBooked(holdingsIn(guests), view.inventoryOf(nodeName));
    observer.doubleBooked(nodeName, overlaps.length);
    const told = this.#told.get(nodeName) ?? nothing;
    const nameOf = namesOf(guests);
    const texts = overlaps.map((overlap) => [overlapText(overlap, nameOf), overlap.holders] as const);
    const ofVm = new Map<string, string>();
    for (const [text, holders] of texts) {
      for (const uid of holders) ofVm.set(uid, [ofVm.get(uid) ?? [], text].flat().join('; '));
    }
    const problem = unreadable(guests);
    if (problem !== undefined && problem !== told.unreadable) {
      log.warn('RealtimeAllocation cannot be read', { node: nodeName, detail: problem });
    }
    // Who is rid of it is no news.
    const news = guests.filter(({ vm: { uid } }) => ofVm.has(uid) && ofVm.get(uid) !== told.ofVm.get(uid));
    if (news.length > 0) {
      const detail = texts.map(([text]) => text).join('; ');
      log.error('RealtimeAllocation gives something twice', { node: nodeName, detail });
    }
    this.#tell(nodeName, news, ofVm);
    if (ofVm.size === 0 && problem === undefined) this.#told.delete(nodeName);
    else this.#told.set(nodeName, { ofVm, unreadable: problem });
  }

  #tell(nodeName: string, guests: readonly AllocatedGuest[], ofVm: ReadonlyMap<string, string>): void {
    const told = new Set<string>();
    for (const { vm } of guests) {
      if (told.has(vm.uid)) continue;
      told.add(vm.uid);
      const message = `on node ${nodeName} ${ofVm.get(vm.uid) ?? ''}`;
      const event: VmEvent = { type: 'Warning', reason: 'DoubleBooked', message };
      this.#record({ about: { kind: 'RealtimeVM', ...vm }, ...event });
    }
  }

  /** It says what the log says too; nothing waits for it. */
  #record(event: EventDraft): void {
    const { record, log } = this.#options;
    record(event).catch((error: unknown) => {
      if (!isAbort(error)) log.warn('event not recorded', { vm: objectKey(event.about), reason: event.reason, error });
    });
  }
}

/** VMs by their names, where a table has them. */
export function namesOf(guests: readonly AllocatedGuest[]): (uid: string) => string {
  const names = new Map(guests.map(({ vm }) => [vm.uid, objectKey(vm)]));
  return (uid) => names.get(uid) ?? uid;
}
