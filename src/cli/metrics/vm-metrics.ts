/** How VMs stand, who waits and why, and how many were placed: read from the statuses that the controller writes. */
import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { Clock } from '../../runtime/clock.ts';
import type { ResourceStore } from '../../store/resource-store.ts';
import type { Stored } from '../../store/resource.ts';

type Vm = Stored<'RealtimeVM'>;

export interface VmMetrics {
  seen(vm: Vm): void;
  gone(vm: Vm): void;
}

/** What is counted of one VM. */
interface Standing {
  readonly phase: string;
  /** Why it has no place; undefined where it does not wait for one. */
  readonly waits: { readonly reason: string; readonly sinceMs: number } | undefined;
  /** Why its guarantee is not known to hold while it should; undefined where it is, or where none was asked for. */
  readonly unverified: string | undefined;
}

/** @param clock - that the statuses are stamped with. */
export function vmMetrics(registry: Registry, clock: Pick<Clock, 'date'>): VmMetrics {
  const registers = [registry];
  const placements = new Counter({ name: 'rtvm_placements_total', help: 'VMs that were given a place on a node.', registers });
  const standings = new Map<string, Standing>();
  const unplaced = new Set<string>();
  gauge('rtvm_vms', 'VMs, by phase.', 'phase', ({ phase }) => phase);
  gauge('rtvm_pending_vms', 'VMs that fit nowhere now, by reason.', 'reason', ({ waits }) => waits?.reason);
  gauge('rtvm_unverified_vms', 'Realtime VMs that run, or may run, without their guarantee being known to hold, by reason.', 'reason', ({ unverified }) => unverified);
  new Gauge({
    name: 'rtvm_longest_pending_seconds', help: 'For how long the VM that has waited longest fits nowhere; 0 where none waits.', registers,
    collect() {
      const nowMs = clock.date().getTime();
      const oldestMs = [...standings.values()].reduce((oldest, { waits }) => Math.min(oldest, waits?.sinceMs ?? oldest), nowMs);
      this.set((nowMs - oldestMs) / 1000);
    },
  });

  function gauge(name: string, help: string, label: string, valueOf: (standing: Standing) => string | undefined): void {
    new Gauge({
      name, help, labelNames: [label], registers,
      collect() {
        this.reset();
        for (const standing of standings.values()) {
          const value = valueOf(standing);
          if (value !== undefined) this.inc({ [label]: value });
        }
      },
    });
  }

  return {
    seen: (vm) => {
      const { uid } = vm.metadata;
      standings.set(uid, standingOf(vm));
      if (!isPlaced(vm)) unplaced.add(uid);
      else if (unplaced.delete(uid)) placements.inc();
    },
    gone: ({ metadata: { uid } }) => {
      standings.delete(uid);
      unplaced.delete(uid);
    },
  };
}

/** Keeps the figures up to date until the signal aborts; shares the watch of whoever else watches VMs of this store. */
export async function followVms(store: ResourceStore, metrics: VmMetrics, signal: AbortSignal): Promise<void> {
  for await (const event of store.watch('RealtimeVM', {}, signal)) {
    if (event.type === 'added' || event.type === 'modified') metrics.seen(event.object);
    else if (event.type === 'deleted') metrics.gone(event.object);
  }
}

function isPlaced(vm: Vm): boolean {
  return conditionOf(vm, 'Placed')?.status === 'True';
}

function standingOf(vm: Vm): Standing {
  // A VM that no controller has seen has no status yet.
  const phase = vm.status?.phase ?? 'Pending';
  const placed = conditionOf(vm, 'Placed');
  const verified = conditionOf(vm, 'RealtimeVerified');
  return {
    phase,
    waits: phase === 'Pending' && placed?.status === 'False' ? { reason: placed.reason, sinceMs: Date.parse(placed.lastTransitionTime) } : undefined,
    unverified: (phase === 'Running' || phase === 'Unknown') && verified !== undefined && verified.status !== 'True' ? verified.reason : undefined,
  };
}

function conditionOf({ status }: Vm, wanted: string) {
  return status?.conditions?.find(({ type }) => type === wanted);
}
