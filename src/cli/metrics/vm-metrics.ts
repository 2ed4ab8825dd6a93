/** How many VMs wait and why, and how many were placed: read from the statuses that the controller writes. */
import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { ResourceStore } from '../../store/resource-store.ts';
import type { Stored } from '../../store/resource.ts';

type Vm = Stored<'RealtimeVM'>;

export interface VmMetrics {
  seen(vm: Vm): void;
  gone(vm: Vm): void;
}

export function vmMetrics(registry: Registry): VmMetrics {
  const registers = [registry];
  const placements = new Counter({ name: 'rtvm_placements_total', help: 'VMs that were given a place on a node.', registers });
  const waiting = new Map<string, string>();
  const unplaced = new Set<string>();
  new Gauge({
    name: 'rtvm_pending_vms', help: 'VMs that fit nowhere now, by reason.', labelNames: ['reason'], registers,
    collect() {
      this.reset();
      for (const reason of waiting.values()) this.inc({ reason });
    },
  });
  return {
    seen: (vm) => {
      const { uid } = vm.metadata;
      const reason = waitingReason(vm);
      if (reason === undefined) waiting.delete(uid);
      else waiting.set(uid, reason);
      if (!isPlaced(vm)) unplaced.add(uid);
      else if (unplaced.delete(uid)) placements.inc();
    },
    gone: ({ metadata: { uid } }) => {
      waiting.delete(uid);
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
  return placedCondition(vm)?.status === 'True';
}

/** As its condition Placed says; undefined where it does not wait. */
function waitingReason(vm: Vm): string | undefined {
  const placed = placedCondition(vm);
  return vm.status?.phase === 'Pending' && placed?.status === 'False' ? placed.reason : undefined;
}

function placedCondition({ status }: Vm) {
  return status?.conditions?.find(({ type }) => type === 'Placed');
}
