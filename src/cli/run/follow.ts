/** Watches VMs from placement to proof, and says each step. */
import { placementFromWire } from '../../crds/placement-wire.ts';
import { requireValid } from '../../crds/require-valid.ts';
import { formatRef } from '../../crds/resource.ts';
import type { ResourceStore } from '../../store/resource-store.ts';
import type { Stored } from '../../store/resource.ts';
import type { Io } from '../io.ts';
import { glyphsFor } from '../picture/glyphs.ts';
import { describePlacement } from '../picture/vm-line.ts';
import { outcomeOf } from './outcome.ts';
import type { Outcome } from './outcome.ts';

/** `namespace/name`. */
export function vmKey({ namespace, name }: { readonly namespace?: string | undefined; readonly name: string }): string {
  return `${namespace ?? 'default'}/${name}`;
}

/**
 * Waits until every one of the VMs is ready, stopped or has failed. Each is told as it gets there.
 * @returns what became of each, by key.
 */
export async function followUntilSettled(store: ResourceStore, keys: ReadonlySet<string>, sinceMs: number, io: Io, signal: AbortSignal): Promise<ReadonlyMap<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  const told = new Map<string, string>();
  if (keys.size === 0) return outcomes;
  const done = new AbortController();
  for await (const event of store.watch('RealtimeVM', {}, AbortSignal.any([signal, done.signal]))) {
    if (event.type !== 'added' && event.type !== 'modified') continue;
    const key = vmKey(event.object.metadata);
    if (!keys.has(key)) continue;
    const outcome = outcomeOf(event.object, sinceMs);
    const line = progressLine(event.object, outcome, io);
    if (line !== undefined && told.get(key) !== line) {
      told.set(key, line);
      io.err(line);
    }
    if (outcome.kind === 'pending') outcomes.delete(key);
    else outcomes.set(key, outcome);
    if (outcomes.size === keys.size) done.abort();
  }
  signal.throwIfAborted();
  return outcomes;
}

function progressLine(vm: Stored<'RealtimeVM'>, outcome: Outcome, io: Io): string | undefined {
  const name = formatRef({ kind: 'RealtimeVM', ...vm.metadata });
  switch (outcome.kind) {
    case 'ready':
      return `${name}: ${describeFrom('running and verified', vm, io)}`;
    case 'emulated':
      return `${name}: ${describeFrom('running EMULATED, not verified: nothing of it is realtime', vm, io)}`;
    case 'stopped':
      return `${name}: ${outcome.message}`;
    case 'failed':
    case 'paused':
      return undefined;
    case 'pending': {
      if (outcome.message !== undefined) return `${name}: waits: ${outcome.message}`;
      const { phase, conditions } = vm.status ?? {};
      if (phase === 'Placed') return `${name}: ${describeFrom('placed', vm, io)}`;
      if (phase === 'Running') return `${name}: running; ${conditions?.find(({ type }) => type === 'Running')?.message ?? 'reading its threads'}`;
      return phase === 'Starting' ? `${name}: starting` : undefined;
    }
  }
}

/** Where a VM is, after what is said of it: `placed → host-a: vCPU 0→4; …`. */
function describeFrom(what: string, { metadata, status }: Stored<'RealtimeVM'>, io: Io): string {
  if (status?.placement === undefined) return what;
  const placement = requireValid(placementFromWire(status.placement, 'status.placement'), `RealtimeVM ${vmKey(metadata)}`);
  return describePlacement(what, placement, glyphsFor(io.unicode)).join('; ');
}
