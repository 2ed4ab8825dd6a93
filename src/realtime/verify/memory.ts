/** Checks that the guest's memory is what was promised: huge, locked, never swapped. Rule 5.11, I2. */
import type { Finding, MemoryRow } from '../finding.ts';
import type { Guest } from '../guest.ts';
import { smallPageKiB } from '../host.ts';
import type { ObservedProcess } from '../observed.ts';
import type { Placement } from '../placement.ts';

/** One row per figure that was promised; none for a guest with neither huge pages nor locked memory. */
export function memoryRows(guest: Guest, placement: Placement, observed: ObservedProcess): readonly MemoryRow[] {
  const hugeKiB = 1024 * sum(placement.cells.filter((cell) => cell.pageSizeKiB > smallPageKiB).map((cell) => cell.memoryMiB));
  const smallKiB = 1024 * guest.memory.sizeMiB - hugeKiB;
  return [
    ...(hugeKiB > 0 ? [hugeRow(observed, hugeKiB)] : []),
    ...(guest.memory.locked ? [lockedRow(observed, smallKiB), swappedRow(observed)] : []),
  ];
}

function hugeRow({ hugetlbKiB }: ObservedProcess, wantedKiB: number): MemoryRow {
  return row('huge pages', hugetlbKiB, wantedKiB, hugetlbKiB >= wantedKiB, () => ({
    code: 'MemoryNotHuge',
    message: `only ${hugetlbKiB} of the guest's ${wantedKiB} KiB are in huge pages: the rest is in small pages, whose translation misses cost the guest time, or not allocated yet`,
  }));
}

/**
 * VmLck counts whole mappings of mlock(2), without huge pages and without the kernel's special ones (mm/mlock.c). Under
 * `<locked/>` QEMU calls mlockall for what is mapped and for what will be, so VmLck is nearly VmSize less HugetlbPages and
 * always above VmRSS, which counts only what is present and no huge pages either (QEMU 7.2, 32 MiB guest in huge pages:
 * VmSize 543548, HugetlbPages 32768, VmLck 510748, VmRSS 118300 KiB). Without mlockall it is 0, or what a driver pinned:
 * VFIO adds the guest's memory for a passed-through device, so that there VmLck alone proves less about QEMU's own.
 */
function lockedRow({ lockedKiB, residentKiB }: ObservedProcess, smallKiB: number): MemoryRow {
  const wantedKiB = Math.max(smallKiB, residentKiB);
  return row('locked', lockedKiB, wantedKiB, lockedKiB >= wantedKiB, () => ({
    code: 'MemoryNotLocked',
    message: `${lockedKiB} KiB are locked, but QEMU holds ${wantedKiB} KiB outside of huge pages: what is not locked may be swapped out, and a vCPU that touches it then waits for the disk`,
  }));
}

function swappedRow({ swappedKiB }: ObservedProcess): MemoryRow {
  return row('swapped', swappedKiB, 0, swappedKiB === 0, () => ({
    code: 'MemorySwapped',
    message: `${swappedKiB} KiB of the domain's process are in swap: a vCPU that touches them waits for the disk`,
  }));
}

function row(name: MemoryRow['name'], observedKiB: number, wantedKiB: number, holds: boolean, problem: () => Pick<Finding, 'code' | 'message'>): MemoryRow {
  if (holds) return { name, observedKiB, wantedKiB, findings: [] };
  const bound = name === 'swapped' ? 'at most' : 'at least';
  return { name, observedKiB, wantedKiB, findings: [{ ...problem(), severity: 'error', subject: 'memory', expected: `${bound} ${wantedKiB} KiB`, observed: `${observedKiB} KiB` }] };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
