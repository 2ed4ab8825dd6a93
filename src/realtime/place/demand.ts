/** What a guest needs of a host, in the terms that placement counts in: worked out once for each shape of guest. */
import type { Guest } from '../guest.ts';
import type { VcpuId } from '../ids.ts';
import { overheadMiB } from './overhead.ts';

/** What one guest cell needs of the host NUMA node that it goes to. */
export interface CellDemand {
  /** Index of the guest cell. */
  readonly cell: number;
  /** vCPUs that get a pCPU of their own, ascending. */
  readonly dedicated: readonly VcpuId[];
  /** Those of {@link dedicated} that run SCHED_FIFO. */
  readonly realtime: ReadonlySet<VcpuId>;
  /** How many vCPUs float over the node's shared CPUs. */
  readonly floating: number;
  /** Whether the isolated emulator threads' pCPU comes from this cell's node: cell 0 only. Rule 3.3. */
  readonly emulator: boolean;
  readonly memoryMiB: number;
  /** Small-page memory on the same node for QEMU itself: cell 0 only. */
  readonly extraMemoryMiB: number;
}

export interface Demand {
  readonly guest: Guest;
  readonly cells: readonly CellDemand[];
  /** Dedicated CPUs over all cells, the isolated emulator's included: fewer free ones on a host can never do. */
  readonly dedicatedCpus: number;
  readonly floatingVcpus: number;
  /** Small-page memory charged beside the cells, as in a placement. */
  readonly extraMemoryMiB: number;
  /** Small-page memory that it takes of the host at the very least: cells that may have huge pages not counted. */
  readonly smallMemoryMiB: number;
  /** The same at the very most: all of the guest, where it may have small pages. */
  readonly mostSmallMemoryMiB: number;
}

export function demandOf(guest: Guest): Demand {
  const { cpu } = guest;
  const overhead = overheadMiB(guest);
  const emulatorCpus = cpu.emulatorThreads === 'Isolate' ? 1 : 0;
  const cells = guest.cells.map((cell, index): CellDemand => {
    const dedicated = cell.vcpus.intersection(cpu.dedicatedVcpus).toArray();
    return {
      cell: index,
      dedicated,
      realtime: new Set(dedicated.filter((vcpu) => cpu.realtime?.vcpus.has(vcpu))),
      floating: cell.vcpus.size - dedicated.length,
      emulator: emulatorCpus === 1 && index === 0,
      memoryMiB: cell.memoryMiB,
      extraMemoryMiB: index === 0 ? overhead : 0,
    };
  });
  return {
    guest,
    cells,
    dedicatedCpus: cpu.dedicatedVcpus.size + emulatorCpus,
    floatingVcpus: cpu.vcpus - cpu.dedicatedVcpus.size,
    extraMemoryMiB: overhead + (cells.length === 0 ? guest.memory.sizeMiB : 0),
    smallMemoryMiB: overhead + (cells.length === 0 || guest.memory.pageSize === 'Small' ? guest.memory.sizeMiB : 0),
    mostSmallMemoryMiB:
      overhead +
      (cells.length === 0 || guest.memory.pageSize === 'Small' || guest.memory.pageSize === 'Any'
        ? guest.memory.sizeMiB
        : 0),
  };
}

/** Whether two cells ask for the same, so that each fits where the other does, and gets the same there. */
export function alike(one: CellDemand, other: CellDemand): boolean {
  return (
    one.dedicated.length === other.dedicated.length &&
    one.floating === other.floating &&
    one.memoryMiB === other.memoryMiB &&
    one.extraMemoryMiB === other.extraMemoryMiB &&
    one.emulator === other.emulator &&
    one.dedicated.every((vcpu, index) => one.realtime.has(vcpu) === other.realtime.has(other.dedicated[index]!))
  );
}
