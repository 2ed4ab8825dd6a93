/** Checks that the guest's memory is what was promised: huge, locked, never swapped. Rule 5.11, I2. */
import type { Finding, MemoryRow } from '../finding.ts';
import type { Guest } from '../guest.ts';
import { smallPageKiB } from '../host.ts';
import type { MemoryByNode, ObservedProcess } from '../observed.ts';
import type { PlacedCell, Placement } from '../placement.ts';

/**
 * One row per figure that was promised, and per host NUMA node where the control groups say what is on each; none for
 * a guest with neither huge pages nor locked memory.
 */
export function memoryRows(guest: Guest, placement: Placement, observed: ObservedProcess): readonly MemoryRow[] {
  const hugeKiB = 1024 * sum(placement.cells.filter((cell) => cell.pageSizeKiB > smallPageKiB).map((cell) => cell.memoryMiB));
  const smallKiB = 1024 * guest.memory.sizeMiB - hugeKiB;
  return [
    ...(hugeKiB > 0 ? [hugeRow(observed, hugeKiB)] : []),
    ...(guest.memory.locked ? [lockedRow(observed, smallKiB, pinnedKiB(guest, placement)), swappedRow(observed)] : []),
    ...nodeRows(guest, placement, observed),
  ];
}

/**
 * Where the pages are. Small ones of a guest whose memory is not locked come when the guest first touches them, and
 * are not asked for.
 */
function nodeRows(guest: Guest, { cells }: Placement, { groups }: ObservedProcess): readonly MemoryRow[] {
  const nodes = [...new Set(cells.map(({ hostNode }) => hostNode))];
  return nodes.flatMap((node): MemoryRow[] => {
    const here = cells.filter(({ hostNode }) => hostNode === node);
    const small = here.filter(({ pageSizeKiB }) => pageSizeKiB === smallPageKiB);
    const sizes = [...new Set(here.map(({ pageSizeKiB }) => pageSizeKiB))].filter((size) => size > smallPageKiB);
    return [
      ...(guest.memory.locked ? nodeRow(node, 'small', small, groups?.smallKiB) : []),
      ...sizes.flatMap((size) => {
        const huge = here.filter(({ pageSizeKiB }) => pageSizeKiB === size);
        return nodeRow(node, 'huge', huge, groups?.hugeKiB?.get(size));
      }),
    ];
  });
}

function nodeRow(
  node: number, pages: 'small' | 'huge', cells: readonly PlacedCell[], onNodes: MemoryByNode | undefined,
): readonly MemoryRow[] {
  if (onNodes === undefined || cells.length === 0) return [];
  const wantedKiB = 1024 * sum(cells.map(({ memoryMiB }) => memoryMiB));
  const observedKiB = onNodes.get(node) ?? 0;
  return [row(`node ${node}, ${pages} pages`, observedKiB, wantedKiB, observedKiB >= wantedKiB, () => ({
    code: 'MemoryOnOtherNode',
    message: `only ${observedKiB} KiB in ${pages} pages are on host NUMA node ${node}, where ${wantedKiB} KiB of the guest `
      + 'were to be: the rest is further from its vCPUs',
  }))];
}

/**
 * What VFIO adds to VmLck: all of the guest's memory, huge pages too, once (vfio_pin_pages_remote of
 * drivers/vfio/vfio_iommu_type1.c adds every page that it maps for DMA to locked_vm; QEMU puts all devices of one
 * address space into one container, and without a vIOMMU there is one address space). It says nothing of QEMU's own
 * memory.
 */
function pinnedKiB({ memory }: Guest, { devices }: Placement): number {
  return devices.length === 0 ? 0 : 1024 * memory.sizeMiB;
}

function hugeRow({ hugetlbKiB }: ObservedProcess, wantedKiB: number): MemoryRow {
  return row('huge pages', hugetlbKiB, wantedKiB, hugetlbKiB >= wantedKiB, () => ({
    code: 'MemoryNotHuge',
    message: `only ${hugetlbKiB} of the guest's ${wantedKiB} KiB are in huge pages: the rest is in small pages, whose translation misses cost the guest time, or not allocated yet`,
  }));
}

/**
 * VmLck counts whole mappings of mlock(2), without huge pages and without the kernel's special ones (mm/mlock.c).
 * Under `<locked/>` QEMU calls mlockall for what is mapped and for what will be, so VmLck is nearly VmSize less
 * HugetlbPages and always above VmRSS, which counts only what is present and no huge pages either (QEMU 7.2, 32 MiB
 * guest in huge pages: VmSize 543548, HugetlbPages 32768, VmLck 510748, VmRSS 118300 KiB). Without mlockall it is 0,
 * beside what a driver pinned.
 */
function lockedRow(observed: ObservedProcess, smallKiB: number, pinnedForDevicesKiB: number): MemoryRow {
  const lockedKiB = Math.max(0, observed.lockedKiB - pinnedForDevicesKiB);
  const wantedKiB = Math.max(smallKiB, observed.residentKiB);
  return row('locked', lockedKiB, wantedKiB, lockedKiB >= wantedKiB, () => ({
    code: 'MemoryNotLocked',
    message: `${lockedKiB} KiB are locked${pinnedForDevicesKiB === 0 ? '' : ` beside the ${pinnedForDevicesKiB} KiB that are pinned for its devices`}, but QEMU holds ${wantedKiB} KiB outside of huge pages: what is not locked may be swapped out, and a vCPU that touches it then waits for the disk`,
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
  return { name, observedKiB, wantedKiB, findings: [{ ...problem(), severity: 'error', subject: name.startsWith('node') ? `memory of ${name}` : 'memory', expected: `${bound} ${wantedKiB} KiB`, observed: `${observedKiB} KiB` }] };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
