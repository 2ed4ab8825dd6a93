/**
 * Writes down what a simulated cluster goes through, in the words of the checker that judges it: no product code is in
 * it.
 */
import type { ChaosEvent, TableGuest, TableReport } from '../integration/support/chaos-events.ts';
import { claimsOf } from '../integration/support/domain-claims.ts';
import { dedicatedCpus } from './machine-facts.ts';

/** An object as the API server has it. */
export interface Recorded {
  readonly kind: string;
  readonly key: string;
  readonly object: unknown;
  readonly gone: boolean;
}

export interface RecordedDomain {
  readonly what: 'started' | 'ended' | 'refused';
  readonly vmUid: string | undefined;
  readonly xml: string;
  readonly why?: string;
  readonly begunAtMs?: number;
}

interface Table {
  readonly metadata: { readonly resourceVersion: string };
  readonly spec: { readonly guests: readonly TableGuest[]; readonly term?: string; readonly session?: string; readonly fenced?: boolean };
  readonly status?: { readonly guests?: readonly TableReport[] };
}

interface Vm {
  readonly metadata: { readonly uid: string; readonly generation: number; readonly deletionTimestamp?: string };
  readonly spec: { readonly runStrategy?: string; readonly restartedAt?: string };
  readonly status?: { readonly observedGeneration?: number };
}

export class Recorder {
  readonly events: ChaosEvent[] = [];
  readonly times: number[] = [];
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  note(event: ChaosEvent): void {
    this.events.push(event);
    this.times.push(this.#nowMs());
  }

  /** VMs whose end was asked for since, and that no controller has answered. */
  endsAskedSince(ms: number): readonly string[] {
    return this.events.flatMap((event, index) => (
      event.type === 'vm' && event.endsIt && event.observedGeneration < event.generation && this.times[index]! >= ms
        ? [event.uid] : []
    ));
  }

  written({ kind, key, object, gone }: Recorded): void {
    if (kind === 'RealtimeAllocation') {
      const { metadata: { resourceVersion: revision }, spec, status } = object as Table;
      const guests = gone ? undefined : spec.guests;
      this.note({ type: 'table', node: key, revision, guests, reports: status?.guests ?? [], term: spec.term, session: spec.session, fenced: spec.fenced });
    } else if (kind === 'RealtimeNode') {
      if (!gone) {
        const { status } = object as { readonly status?: { readonly term?: string } };
        this.note({ type: 'node', node: key, term: status?.term });
      }
    } else if (kind === 'RealtimeVM') {
      const { metadata: { uid, generation, deletionTimestamp }, spec, status } = object as Vm;
      this.note({
        type: 'vm', uid, generation, observedGeneration: status?.observedGeneration ?? 0,
        restartedAt: spec.restartedAt, gone,
        endsIt: spec.runStrategy === 'Halted' || deletionTimestamp !== undefined,
      });
    }
  }

  host(node: string, record: RecordedDomain): void {
    const { what, vmUid: vm, xml, why = '', begunAtMs } = record;
    if (vm === undefined) {
      if (what === 'started') this.note({ type: 'strangerStarted', node, claims: claimsOf(xml, dedicatedCpus) });
      if (what === 'ended') this.note({ type: 'strangerEnded', node });
      return;
    }
    switch (what) {
      case 'started': {
        const restartedAt = /&quot;restartedAt&quot;:&quot;([^&]+)&quot;/.exec(xml)?.[1];
        // Starts take their time: what asked for one may have gone before it has ended.
        const begunAt = begunAtMs === undefined ? this.events.length : this.times.findLastIndex((ms) => ms <= begunAtMs) + 1;
        this.note({ type: what, node, vm, claims: claimsOf(xml, dedicatedCpus), restartedAt, begunAt });
        break;
      }
      case 'ended':
        this.note({ type: what, node, vm });
        break;
      case 'refused':
        this.note({ type: what, node, vm, why });
    }
  }
}
