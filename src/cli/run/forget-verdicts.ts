/**
 * Takes back what an rtvm before this one has told of running VMs: nobody has audited them since, and they may have ended.
 * For the one that holds the host's lock, before its controller and agent begin: until then nobody else writes statuses.
 */
import type { ReportedGuest } from '../../crds/realtime-allocation.ts';
import type { ResourceStore } from '../../store/resource-store.ts';
import type { Stored } from '../../store/resource.ts';

const unread = { reason: 'NotAudited', message: 'nobody has looked at it since rtvm was last at work' } as const;
const doubtful: ReadonlySet<string> = new Set(['Running', 'RealtimeVerified', 'Ready']);

/** @throws StoreError of the writes. */
export async function forgetVerdicts(store: ResourceStore, nodeName: string, now: Date, signal: AbortSignal): Promise<void> {
  const table = await store.get('RealtimeAllocation', { name: nodeName }, signal);
  if (table?.status !== undefined) await store.updateStatus({ ...table, status: { guests: table.status.guests.map(forgotten) } }, signal);
  for (const vm of await store.list('RealtimeVM', { signal })) {
    if (isThere(vm.status?.phase)) await store.updateStatus(unknown(vm, now), signal);
  }
}

function isThere(phase: string | undefined): boolean {
  return phase === 'Running' || phase === 'Unknown';
}

/** What does not change by itself stays: which domain it is, when it started, how often. */
function forgotten(report: ReportedGuest): ReportedGuest {
  return isThere(report.phase) ? { ...report, ...unread, phase: 'Unknown', audit: { verdict: 'Unknown', findings: [] } } : report;
}

function unknown(vm: Stored<'RealtimeVM'>, now: Date): Stored<'RealtimeVM'> {
  const conditions = vm.status?.conditions?.map((condition) => (
    doubtful.has(condition.type) ? { ...condition, ...unread, status: 'Unknown' as const, lastTransitionTime: now.toISOString() } : condition
  ));
  return { ...vm, status: { ...vm.status, phase: 'Unknown', conditions } };
}
