// When each VM of a namespace was first seen placed and ready, by a watch of the test's own.
import type { Stored } from '../../../src/store/resource.ts';
import type { ResourceStore } from '../../../src/store/resource-store.ts';

/** Milliseconds of `performance.now()`, by name of the VM. */
export interface Timeline {
  readonly created: Map<string, number>;
  readonly placed: Map<string, number>;
  readonly ready: Map<string, number>;
}

/** Follows until the signal aborts. */
export function followTimeline(store: ResourceStore, namespace: string, signal: AbortSignal): { readonly timeline: Timeline; readonly ended: Promise<void> } {
  const timeline: Timeline = { created: new Map(), placed: new Map(), ready: new Map() };
  const note = (times: Map<string, number>, vm: Stored<'RealtimeVM'>, type: string) => {
    const { name } = vm.metadata;
    if (!times.has(name) && vm.status?.conditions?.find((condition) => condition.type === type)?.status === 'True') times.set(name, performance.now());
  };
  const ended = (async () => {
    for await (const event of store.watch('RealtimeVM', { namespace }, signal)) {
      if (event.type !== 'added' && event.type !== 'modified') continue;
      note(timeline.placed, event.object, 'Placed');
      note(timeline.ready, event.object, 'Ready');
    }
  })();
  return { timeline, ended };
}

/** Seconds from creation, of the VMs that got so far: median and 95th percentile, to a tenth. */
export function spreadOf(times: Map<string, number>, created: Map<string, number>): string {
  const sorted = [...times].map(([name, atMs]) => Math.max(0, atMs - created.get(name)!) / 1000).sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]?.toFixed(1) ?? '?';
  return `p50 ${at(0.5)} s, p95 ${at(0.95)} s`;
}
