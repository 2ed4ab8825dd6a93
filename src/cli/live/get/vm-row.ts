/** One VM as a line of a table, for people. */
import type { AllocatedGuest } from '../../../crds/realtime-allocation.ts';
import type { Column } from '../../table.ts';
import { ageOf } from '../age.ts';
import { conditionOf } from '../named-vms.ts';
import type { Vm } from '../named-vms.ts';

export interface RowOptions {
  readonly wide: boolean;
  readonly withNamespace: boolean;
  readonly now: Date;
}

export function vmColumns({ wide, withNamespace }: Pick<RowOptions, 'wide' | 'withNamespace'>): readonly Column[] {
  return [
    ...(withNamespace ? ['NAMESPACE'] : []), 'NAME', 'PHASE', 'READY', 'REALTIME', 'NODE', 'CPUS',
    ...(wide ? ['VCPUS', 'RT-VCPUS', 'FIFO', 'MEMORY', 'CLASS', 'STRATEGY', 'RESTARTS'] : []), 'AGE', 'WHY',
  ].map((title) => ({ title }));
}

/** Control characters are the caller's to take away. */
export function vmRow(vm: Vm, { wide, withNamespace, now }: RowOptions): readonly string[] {
  const { metadata, spec, status } = vm;
  const placement = status?.placement;
  return [
    ...(withNamespace ? [metadata.namespace] : []),
    metadata.name,
    metadata.deletionTimestamp === undefined ? status?.phase ?? 'New' : 'Deleting',
    conditionOf(vm, 'Ready')?.status ?? '-',
    conditionOf(vm, 'RealtimeVerified')?.status ?? '-',
    placement?.nodeName ?? '-',
    status?.cpus ?? '-',
    ...(wide ? [
      placement === undefined ? spec.cpu === undefined ? '-' : String(spec.cpu.vcpus) : String(placement.vcpuPins.length),
      orDash(placement?.realtimeVcpus),
      orDash(placement?.priority?.toString()),
      spec.memory?.size ?? memoryOf(placement),
      spec.className ?? '-',
      spec.runStrategy,
      String(status?.domain?.restarts ?? 0),
    ] : []),
    ageOf(metadata.creationTimestamp, now),
    reasonNotReady(vm),
  ];
}

function memoryOf(placement: AllocatedGuest['placement'] | undefined): string {
  const memoryMiB = placement?.cells.reduce((sum, cell) => sum + cell.memoryMiB, 0) ?? 0;
  return memoryMiB === 0 ? '-' : `${memoryMiB}Mi`;
}

function orDash(text: string | undefined): string {
  return text === undefined || text === '' ? '-' : text;
}

/** The reason alone, so that a VM is one line; `why` has the sentence. */
export function reasonNotReady(vm: Vm): string {
  return /^(\w+): /.exec(whyNotReady(vm))?.[1] ?? '';
}

/** `Reason: message` of what keeps it from being ready; empty for one that is as it should be. */
export function whyNotReady(vm: Vm): string {
  if (vm.metadata.deletionTimestamp !== undefined) return 'Deleting: it is being deleted';
  if (vm.status?.conditions === undefined) return 'NotObserved: no controller has looked at it yet';
  const ready = conditionOf(vm, 'Ready');
  if (ready !== undefined && ready.status !== 'True') return `${ready.reason}: ${ready.message}`;
  const restart = conditionOf(vm, 'RestartRequired');
  return restart?.status === 'True' ? `${restart.reason}: ${restart.message}` : '';
}
