/** A RealtimeVM's status, whole, from where the VM stands. */
import type { RealtimeVmStatus } from '../crds/realtime-vm-status.ts';
import { CpuSet } from '../realtime/cpu-set.ts';
import type { Stored } from '../store/resource.ts';
import { conditionsFrom } from './conditions.ts';
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
    ...(standing.kind === 'placed' ? placedFields(standing) : boundTo(vm.status?.boundTo)),
  };
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
    ...boundTo(hasNodeLocalDisks(entry.guest) ? entry.placement.nodeName : undefined),
    ...(audit === undefined || audit.findings.length === 0 ? {} : { findings: audit.findings }),
    ...(domain === undefined ? {} : { domain: { uuid: domain.uuid, startedAt: domain.startedAt, restarts: domain.restarts } }),
  };
}
