/** A RealtimeVM's status, whole, from where the VM stands. */
import type { AllocatedGuest } from '../crds/realtime-allocation.ts';
import type { RealtimeVmStatus } from '../crds/realtime-vm-status.ts';
import { CpuSet } from '../realtime/cpu-set.ts';
import type { Stored } from '../store/resource.ts';
import { conditionsFrom } from './conditions.ts';
import type { ConditionDraft, ConditionStatus } from './conditions.ts';
import { assertionFailed } from './events.ts';
import { hasNodeLocalDisks } from './node-local-disks.ts';
import { vmReport } from './vm-report.ts';
import type { VmStanding } from './vm-report.ts';

/** Equal to the status that is there when nothing has changed, so that the store need not write. */
export function statusOf(vm: Stored<'RealtimeVM'>, standing: VmStanding, now: Date): RealtimeVmStatus {
  const { phase, conditions } = vmReport(standing);
  const { generation } = vm.metadata;
  return {
    phase,
    observedGeneration: generation,
    conditions: conditionsFrom(conditions, vm.status?.conditions ?? [], generation, now),
    ...(vm.status?.run === undefined ? {} : { run: vm.status.run }),
    ...boundTo(vm.status?.boundTo ?? (standing.kind === 'placed' ? homeOf(standing.entry) : undefined)),
    ...(standing.kind === 'placed' ? placedFields(standing) : pastPlacement(vm)),
  };
}

/**
 * Where a VM was placed that has no run: a controller of the version before has dropped it from the status. Its domain
 * may live there, whatever the tables say. I7.
 */
export function pastNodeOf({ status }: Stored<'RealtimeVM'>): string | undefined {
  return status?.run === undefined ? status?.placement?.nodeName : undefined;
}

/** Kept until there is a run: nothing else names the node. */
function pastPlacement(vm: Stored<'RealtimeVM'>): Pick<RealtimeVmStatus, 'placement'> {
  const placement = vm.status?.placement;
  return pastNodeOf(vm) === undefined || placement === undefined ? {} : { placement };
}

/** What is known for certain only by looking, which a fault of rtvm keeps from being done. */
const doubtful: ReadonlySet<string> = new Set(['Running', 'RealtimeVerified', 'Ready']);

/** As it was last, and nothing is said to hold. */
export function faultyStatus(vm: Stored<'RealtimeVM'>, message: string, now: Date): RealtimeVmStatus {
  const before = vm.status?.conditions ?? [];
  const faulty = (type: string, status: ConditionStatus): ConditionDraft => (
    { type, status, reason: assertionFailed, message }
  );
  const drafts = new Map<string, ConditionDraft>();
  for (const { type, status, reason, message: said } of before) {
    drafts.set(type, doubtful.has(type) ? faulty(type, 'Unknown') : { type, status, reason, message: said });
  }
  drafts.set('Ready', faulty('Ready', 'Unknown'));
  for (const type of ['Reconciling', 'Stalled']) drafts.set(type, faulty(type, 'True'));
  const { generation } = vm.metadata;
  return {
    ...vm.status,
    phase: vm.status?.phase ?? 'Pending',
    observedGeneration: generation,
    conditions: conditionsFrom([...drafts.values()], before, generation, now),
  };
}

/** The node on which its NodeLocal disks are, or are to be. */
export function homeOf({ guest, placement }: AllocatedGuest): string | undefined {
  return hasNodeLocalDisks(guest) ? placement.nodeName : undefined;
}

/** Kept where nothing is held: a table that is lost must not part a VM from its disks. */
function boundTo(nodeName: string | undefined): Pick<RealtimeVmStatus, 'boundTo'> {
  return nodeName === undefined ? {} : { boundTo: nodeName };
}

function placedFields({ entry, report }: Extract<VmStanding, { kind: 'placed' }>): Partial<RealtimeVmStatus> {
  const { domain, audit } = report ?? {};
  const cpus = CpuSet.of(...entry.placement.vcpuPins.flatMap(({ cpu }) => cpu ?? []));
  return {
    ...(cpus.size === 0 ? {} : { cpus: cpus.toString() }),
    placement: entry.placement,
    ...(audit === undefined || audit.findings.length === 0 ? {} : { findings: audit.findings }),
    ...(domain === undefined ? {} : { domain: { uuid: domain.uuid, startedAt: domain.startedAt, restarts: domain.restarts } }),
  };
}
