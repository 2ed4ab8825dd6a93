/** Draws how much of a host NUMA node's huge pages and ordinary memory is taken. */
import type { HostInventory, HostNumaNode } from '../../realtime/host.ts';
import { smallPageKiB } from '../../realtime/host.ts';
import type { NumaNodeId } from '../../realtime/ids.ts';
import type { Placement } from '../../realtime/placement.ts';
import type { Style } from '../style.ts';
import { padEnd } from '../table.ts';
import type { DrawnVm } from './cpu-use.ts';
import type { Glyphs } from './glyphs.ts';
import { formatMiBOf, formatPageSize } from './units.ts';

/** One kind of memory on one host NUMA node, in units of its own (pages, or MiB). */
export interface MemoryUse {
  readonly name: string;
  readonly total: number;
  /** By VMs planned now. */
  readonly planned: number;
  /** By VMs that were there before, and kept back by the administrator. */
  readonly taken: number;
  /** `944/1024 free`. */
  readonly figures: string;
}

/** The node's huge pages, largest first, then what is left for small pages. Sizes with no pages are left out. */
export function memoryUses(host: HostInventory, node: HostNumaNode, vms: readonly DrawnVm[]): MemoryUse[] {
  const sum = (planned: boolean, amount: (placement: Placement) => number) => vms.filter((vm) => vm.planned === planned).reduce((total, vm) => total + amount(vm.placement), 0);
  const huge = node.hugepages.filter(({ total }) => total > 0).toSorted((a, b) => b.sizeKiB - a.sizeKiB).map(({ sizeKiB, total }): MemoryUse => {
    const kept = host.reservedHugepages.filter((each) => each.numaNode === node.id && each.sizeKiB === sizeKiB).reduce((pages, each) => pages + each.count, 0);
    const planned = sum(true, (placement) => pagesOn(node.id, sizeKiB, placement));
    const taken = kept + sum(false, (placement) => pagesOn(node.id, sizeKiB, placement));
    return { name: `${formatPageSize(sizeKiB)} pages`, total, planned, taken, figures: `${total - planned - taken}/${total} free` };
  });
  const total = node.memoryMiB - node.hugepages.reduce((sumMiB, each) => sumMiB + (each.total * each.sizeKiB) / 1024, 0);
  const planned = sum(true, (placement) => smallMiBOn(node.id, placement));
  const taken = sum(false, (placement) => smallMiBOn(node.id, placement));
  return [...huge, { name: 'memory', total, planned, taken, figures: `${formatMiBOf(total - planned - taken, total)} free` }];
}

function pagesOn(node: NumaNodeId, sizeKiB: number, placement: Placement): number {
  return placement.cells.filter((cell) => cell.hostNode === node && cell.pageSizeKiB === sizeKiB).reduce((pages, cell) => pages + (cell.memoryMiB * 1024) / sizeKiB, 0);
}

/** Small pages of the guest's cells, and QEMU's own memory, which is charged to the node of cell 0. */
function smallMiBOn(node: NumaNodeId, placement: Placement): number {
  const cells = placement.cells.filter((cell) => cell.hostNode === node && cell.pageSizeKiB === smallPageKiB).reduce((sum, cell) => sum + cell.memoryMiB, 0);
  return cells + (placement.cells[0]?.hostNode === node ? placement.extraMemoryMiB : 0);
}

const widestBar = 24;
const narrowestBar = 4;

export interface MemoryColumns {
  readonly name: number;
  readonly bar: number;
}

/** Columns that suit all of a host's memory, so that bars of different nodes compare; the bar takes what is left of `width`. */
export function memoryColumns(uses: readonly MemoryUse[], width: number): MemoryColumns {
  const name = Math.max(...uses.map((use) => use.name.length));
  const figures = Math.max(...uses.map((use) => use.figures.length));
  return { name, bar: Math.min(widestBar, Math.max(narrowestBar, width - name - figures - 2)) };
}

/** One line for each, names and figures aligned. */
export function drawMemoryBars(uses: readonly MemoryUse[], columns: MemoryColumns, glyphs: Glyphs, style: Style): string[] {
  return uses.map((use) => `${padEnd(use.name, columns.name)} ${drawBar(use, columns.bar, glyphs, style)} ${use.figures}`);
}

function drawBar({ total, planned, taken }: MemoryUse, width: number, glyphs: Glyphs, style: Style): string {
  // What is there is seen, however little it is; what is free is seen while there is any.
  const cells = (amount: number) => (amount <= 0 || total <= 0 ? 0 : Math.max(1, Math.round((amount / total) * width)));
  const plannedCells = Math.min(width, cells(planned));
  const room = width - plannedCells - (planned + taken < total ? 1 : 0);
  const takenCells = Math.max(0, Math.min(room, cells(taken)));
  return style('bold', glyphs.bar.planned.repeat(plannedCells)) + style('dim', glyphs.bar.taken.repeat(takenCells) + glyphs.bar.free.repeat(width - plannedCells - takenCells));
}
