/** One node as the page draws it, from its RealtimeNode, its RealtimeAllocation and what the cluster says: pure. */
import type { AllocatedGuest, ReportedGuest } from '../../../crds/realtime-allocation.ts';
import type { PlacementWire } from '../../../crds/placement-schema.ts';
import { placementFromWire } from '../../../crds/placement-wire.ts';
import { toHostInventory } from '../../../crds/to-host-inventory.ts';
import type { HostInventory, HostNumaNode } from '../../../realtime/host.ts';
import type { CpuId } from '../../../realtime/ids.ts';
import type { Stored } from '../../../store/resource.ts';
import { cpuUses } from '../../picture/cpu-use.ts';
import type { CpuUse, DrawnVm } from '../../picture/cpu-use.ts';
import { memoryUses } from '../../picture/memory-bars.ts';
import type { CpuCell, NodeMark, NodeView, NumaView, PagesView, PlacedVm } from '../wire.ts';
import { letterOf, nameVms } from './names-on-node.ts';
import type { NamesOnNode } from './names-on-node.ts';
import { nodeMarks } from './node-marks.ts';
import type { ClusterFacts } from './node-marks.ts';

export interface NodeParts {
  readonly node: Stored<'RealtimeNode'> | undefined;
  readonly table: Stored<'RealtimeAllocation'> | undefined;
  readonly facts: ClusterFacts | undefined;
}

/**
 * @param before the names of the last view of the same node
 * @returns the view, and its names for the next one
 */
export function nodeView(name: string, { node, table, facts }: NodeParts, before: NamesOnNode): { readonly view: NodeView; readonly names: NamesOnNode } {
  const claims = claimsOf(node, table);
  const names = nameVms(before, claims.map(({ uid }) => uid));
  const vms = claims.map(({ uid, entry }): PlacedVm => ({ ...entry, letter: letterOf(names.get(uid)!), colour: names.get(uid)!.colour }));
  const inventory = node === undefined ? undefined : toHostInventory(node);
  const marks = [...guestMarks(vms), ...nodeMarks(node, facts)];
  if (inventory?.ok !== true) {
    const unusable = inventory === undefined || node?.status?.topology === undefined ? [] : [{ level: 'bad' as const, label: 'spec refused', text: inventory.problems.map(({ path, message }) => `${path} ${message}`).join('; ') }];
    return { view: { name, marks: [...unusable, ...marks], numa: [], vms, dedicated: 0, taken: 0 }, names };
  }
  const host = inventory.value;
  const drawn = claims.flatMap(({ placement }, index) => drawnVm(vms[index]!, placement));
  const uses = cpuUses(host, drawn);
  const indexOf = new Map(vms.map(({ letter }, index) => [letter, index]));
  const taken = host.dedicatedCpus.toArray().filter((cpu) => uses.get(cpu)?.kind !== 'free').length;
  return { view: { name, marks, numa: host.numaNodes.map((each) => numaView(host, each, drawn, uses, indexOf)), vms, dedicated: host.dedicatedCpus.size, taken }, names };
}

function guestMarks(vms: readonly PlacedVm[]): readonly NodeMark[] {
  const wrong = vms.filter(({ errors }) => errors > 0).map(({ key }) => key);
  return wrong.length === 0 ? [] : [{ level: 'bad', label: `${wrong.length} VM${wrong.length === 1 ? '' : 's'} not verified`, text: wrong.join(', ') }];
}

interface Claim {
  readonly uid: string;
  readonly placement: PlacementWire | undefined;
  readonly entry: Omit<PlacedVm, 'letter' | 'colour'>;
}

function claimsOf(node: NodeParts['node'], table: NodeParts['table']): readonly Claim[] {
  const reports = new Map(table?.status?.guests.map((report) => [report.uid, report]));
  const guests = table?.spec.guests ?? [];
  const held = new Set(guests.map(({ vm }) => vm.uid));
  const orphans = (node?.status?.orphans ?? []).filter(({ vm }) => vm === undefined || !held.has(vm.uid));
  return [
    ...guests.map((guest) => guestClaim(guest, reports.get(guest.vm.uid))),
    ...orphans.map(({ domain, uuid, vm, placement }): Claim => ({
      uid: uuid, placement, entry: { key: vm === undefined ? domain : `${vm.namespace}/${vm.name}`, orphan: true, phase: 'Orphan', errors: 0, warnings: 0, flagged: [] },
    })),
  ];
}

function guestClaim({ vm, placement }: AllocatedGuest, report: ReportedGuest | undefined): Claim {
  const findings = report?.phase === 'Running' ? (report.audit?.findings ?? []) : [];
  return {
    uid: vm.uid,
    placement,
    entry: {
      key: `${vm.namespace}/${vm.name}`, orphan: false, phase: report?.phase ?? 'Placed',
      errors: findings.filter(({ severity }) => severity === 'error').length,
      warnings: findings.filter(({ severity }) => severity === 'warning').length,
      flagged: findings.flatMap(({ severity, subject }) => (severity === 'error' ? vcpuIn(subject) : [])),
    },
  };
}

/** The vCPU whose thread a finding is about, by the name that QEMU gives it. */
function vcpuIn(subject: string): readonly number[] {
  const match = /^CPU (\d+)\//.exec(subject);
  return match === null ? [] : [Number(match[1])];
}

/** Nothing is drawn of a placement that cannot be read: whoever wrote it is another version. */
function drawnVm({ key, letter }: PlacedVm, wire: PlacementWire | undefined): readonly DrawnVm[] {
  const placement = wire === undefined ? undefined : placementFromWire(wire, 'placement');
  return placement?.ok === true ? [{ letter, name: key, planned: false, placement: placement.value }] : [];
}

function numaView(host: HostInventory, numa: HostNumaNode, vms: readonly DrawnVm[], uses: ReadonlyMap<CpuId, CpuUse>, indexOf: ReadonlyMap<string, number>): NumaView {
  const cores = host.cores.filter((core) => core.overlaps(numa.cpus));
  const pages = memoryUses(host, numa, vms).flatMap(({ name, total, planned, taken }): PagesView[] => (name.endsWith(' pages') ? [{ size: name.slice(0, -' pages'.length), total, taken: planned + taken }] : []));
  return { id: numa.id, cores: cores.map((core) => core.toArray().map((cpu) => cellOf(cpu, uses.get(cpu)!, indexOf))), pages };
}

function cellOf(cpu: CpuId, use: CpuUse, indexOf: ReadonlyMap<string, number>): CpuCell {
  const index = (vm: DrawnVm) => indexOf.get(vm.letter)!;
  switch (use.kind) {
    case 'vcpu': return [cpu, use.realtime ? 'realtime' : 'vcpu', index(use.vm), use.vcpu, use.emulator ? 1 : 0];
    case 'emulator': return [cpu, 'emulator', index(use.vm)];
    case 'idle': return [cpu, 'idle', index(use.vm)];
    case 'shared': return [cpu, 'shared', use.vms.map(({ vm }) => index(vm))];
    case 'free':
    case 'host': return [cpu, use.kind];
  }
}
