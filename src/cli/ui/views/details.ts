/** What the page shows of one VM or node when it is asked for: pure. */
import type { PlacementWire } from '../../../crds/placement-schema.ts';
import { CpuSet } from '../../../realtime/cpu-set.ts';
import type { VcpuId } from '../../../realtime/ids.ts';
import type { Stored } from '../../../store/resource.ts';
import { formatMiB } from '../../picture/units.ts';
import type { ConditionView, NodeDetails, VmDetails } from '../wire.ts';

type Facts = readonly (readonly [string, string])[];

export function vmDetails({ metadata, spec, status }: Stored<'RealtimeVM'>): VmDetails {
  const { namespace, name, uid, creationTimestamp } = metadata;
  const { placement, domain } = status ?? {};
  return {
    key: `${namespace}/${name}`,
    uid,
    created: creationTimestamp,
    facts: [
      ...known('Class', spec.className),
      ['Run strategy', spec.runStrategy],
      ...(placement === undefined ? [] : placementFacts(placement)),
      ...known('Started', domain?.startedAt),
      ...(domain === undefined || domain.restarts === 0 ? [] : [['Started again', `${domain.restarts} ${domain.restarts === 1 ? 'time' : 'times'}`] as const]),
      ...known('Domain UUID', domain?.uuid),
    ],
    pins: placement === undefined ? [] : pinsOf(placement),
    findings: (status?.findings ?? []).map(({ severity, code, subject, expected, observed, message }) => ({ severity, code, subject, expected, observed, message })),
    conditions: conditionsOf(status?.conditions),
  };
}

export function nodeDetails(name: string, node: Stored<'RealtimeNode'> | undefined): NodeDetails {
  const { spec, status } = node ?? {};
  const { versions = {}, latency } = status ?? {};
  return {
    name,
    facts: [
      ...known('Dedicated CPUs', spec?.dedicatedCpus),
      ...known('Shared CPUs', spec?.sharedCpus),
      ...(latency === undefined ? [] : [['Worst latency', `${latency.maxMicroseconds} µs${latency.measuredAt === undefined ? '' : `, measured ${latency.measuredAt}`}`] as const]),
      ...known('Kernel', versions.kernel), ...known('libvirt', versions.libvirt), ...known('QEMU', versions.qemu), ...known('rtvm', versions.rtvm),
    ],
    checks: (status?.checks ?? []).map(({ name: check, result, observed, wanted, remedy }) => ({ name: check, result, observed, wanted, ...(remedy === undefined ? {} : { remedy }) })),
    orphans: (status?.orphans ?? []).map(({ domain, vm }) => ({ domain, ...(vm === undefined ? {} : { vm: `${vm.namespace}/${vm.name}` }) })),
    conditions: conditionsOf(status?.conditions),
  };
}

function known(label: string, text: string | undefined): Facts {
  return text === undefined || text === '' ? [] : [[label, text]];
}

function placementFacts({ nodeName, cells, emulatorCpus, reservedCpus, priority, devices }: PlacementWire): Facts {
  const idle = CpuSet.parse(reservedCpus).minus(CpuSet.parse(emulatorCpus));
  return [
    ['Node', nodeName],
    ['Priority', priority === undefined ? 'not realtime' : `SCHED_FIFO ${priority}`],
    ['Emulator threads', `CPUs ${emulatorCpus}`],
    ...(idle.isEmpty ? [] : [['Kept idle', `CPUs ${idle.toString()}`] as const]),
    ...cells.map(({ cell, numaNode, memoryMiB, pageSize }) => [cells.length === 1 ? 'Memory' : `Memory of cell ${cell}`, `${formatMiB(memoryMiB)} in ${pageSize} pages on host NUMA node ${numaNode}`] as const),
    ...devices.map(({ name, address }) => [`Device ${name}`, address] as const),
  ];
}

function pinsOf({ vcpuPins, realtimeVcpus }: PlacementWire): VmDetails['pins'] {
  const realtime = CpuSet.parse<VcpuId>(realtimeVcpus);
  return vcpuPins.map(({ vcpu, cpu, cpus }) => ({ vcpu, cpus: cpu === undefined ? (cpus ?? '') : String(cpu), realtime: realtime.has(vcpu as VcpuId), floats: cpu === undefined }));
}

function conditionsOf(conditions: readonly { readonly type: string; readonly status: ConditionView['status']; readonly reason: string; readonly message: string; readonly lastTransitionTime: string }[] = []): readonly ConditionView[] {
  return conditions.map(({ type, status, reason, message, lastTransitionTime }) => ({ type, status, reason, message, since: lastTransitionTime }));
}
