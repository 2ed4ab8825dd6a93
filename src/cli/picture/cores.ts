/** Draws cores as boxes, SMT siblings side by side, in rows; runs of cores that no planned VM touches become one line. */
import type { CpuSet } from '../../realtime/cpu-set.ts';
import { unionOf } from '../../realtime/cpu-set.ts';
import type { CpuId } from '../../realtime/ids.ts';
import type { Style } from '../style.ts';
import { padEnd, textWidth, wrap } from '../table.ts';
import type { CpuUse } from './cpu-use.ts';
import type { Glyphs } from './glyphs.ts';
import { cpuFormat, cpuLabel } from './label.ts';

/** Hosts of up to this many cores are drawn whole: they fit on a screen. */
export const mostCoresDrawnWhole = 16;
/** A shorter run of untouched cores is drawn: the line instead of it would save nothing. */
const shortestFold = 4;

/** Something in the picture of a node: the name of an L3 group before its cores, a core to draw, or a run to sum up. */
export type CoreItem =
  | { readonly kind: 'group'; readonly title: string }
  | { readonly kind: 'core'; readonly cpus: CpuSet }
  | { readonly kind: 'fold'; readonly cores: readonly CpuSet[] };

/** Cores that share a last-level cache. */
export interface CoreGroup {
  /** Absent where all cores of the node are one group. */
  readonly title?: string;
  readonly cores: readonly CpuSet[];
}

/**
 * Decides which cores to draw and which to sum up; those to sum up may be of several groups.
 * @param fold false draws every core
 */
export function coreItems(groups: readonly CoreGroup[], uses: ReadonlyMap<CpuId, CpuUse>, fold: boolean): CoreItem[] {
  const items: CoreItem[] = [];
  let run: { readonly group: CoreGroup; readonly cpus: CpuSet }[] = [];
  let titled: CoreGroup | undefined;
  const draw = (group: CoreGroup, cpus: CpuSet) => {
    if (group !== titled && group.title !== undefined) items.push({ kind: 'group', title: group.title });
    titled = group;
    items.push({ kind: 'core', cpus });
  };
  const close = () => {
    if (run.length >= shortestFold) items.push({ kind: 'fold', cores: run.map(({ cpus }) => cpus) });
    else for (const { group, cpus } of run) draw(group, cpus);
    run = [];
  };
  for (const group of groups) {
    for (const cpus of group.cores) {
      if (fold && !cpus.toArray().some((cpu) => isPlanned(uses.get(cpu)!))) run.push({ group, cpus });
      else {
        close();
        draw(group, cpus);
      }
    }
  }
  close();
  return items;
}

/** A CPU that a VM of this call has to itself. A shared CPU is nobody's own, so it may be summed up. */
function isPlanned(use: CpuUse): boolean {
  return 'vm' in use && use.vm.planned;
}

export interface CoreDrawing {
  readonly glyphs: Glyphs;
  readonly style: Style;
  /** Width of one CPU between its edges, the same all over a host. */
  readonly cellWidth: number;
}

/** The width that all CPUs of a host are drawn with: the longest number or label, with a space on both sides. */
export function cellWidthOf(uses: ReadonlyMap<CpuId, CpuUse>, glyphs: Glyphs): number {
  return 2 + Math.max(2, ...[...uses].flatMap(([cpu, use]) => [String(cpu).length, cpuLabel(use, glyphs).length]));
}

/** Columns of the widest core's box. */
export function coreWidth(cores: readonly CpuSet[], cellWidth: number): number {
  return Math.max(...cores.map((core) => core.size * (cellWidth + 1) + 1));
}

/** Lines of at most `width` columns, unless one core alone is wider. */
export function drawCores(items: readonly CoreItem[], uses: ReadonlyMap<CpuId, CpuUse>, width: number, drawing: CoreDrawing): string[] {
  const lines: string[] = [];
  let row: string[][] = [];
  const close = () => {
    if (row.length > 0) lines.push(...row[0]!.map((_, index) => row.map((box) => box[index]).join(' ')));
    row = [];
  };
  for (const item of items) {
    if (item.kind === 'group') {
      close();
      lines.push(drawing.style('dim', item.title));
    } else if (item.kind === 'fold') {
      close();
      const [first, ...rest] = wrap(`${drawing.glyphs.fold} ${foldText(item.cores, uses)}`, width - foldIndent.length);
      lines.push(...[first!, ...rest.map((line) => foldIndent + line)].map((line) => drawing.style('dim', line)));
    } else {
      const box = drawCore(item.cpus, uses, drawing);
      if (row.reduce((sum, each) => sum + textWidth(each[0]!) + 1, 0) + textWidth(box[0]!) > width) close();
      row.push(box);
    }
  }
  close();
  return lines;
}

function drawCore(cpus: CpuSet, uses: ReadonlyMap<CpuId, CpuUse>, { glyphs, style, cellWidth }: CoreDrawing): string[] {
  const realtime = cpus.toArray().some((cpu) => isRealtime(uses.get(cpu)!));
  const box = realtime ? glyphs.realtimeCore : glyphs.core;
  const draw = (text: string) => (realtime ? text : style('dim', text));
  const edge = ([left, join, right]: readonly [string, string, string]) => draw(left + cpus.toArray().map(() => box.horizontal.repeat(cellWidth)).join(join) + right);
  const side = draw(box.vertical);
  const cells = (format: (cpu: CpuId) => string) => side + cpus.toArray().map(format).join(side) + side;
  return [
    edge(box.top),
    cells((cpu) => style('dim', centred(String(cpu), cellWidth))),
    cells((cpu) => style(cpuFormat(uses.get(cpu)!), centred(cpuLabel(uses.get(cpu)!, glyphs), cellWidth))),
    edge(box.bottom),
  ];
}

function isRealtime(use: CpuUse): boolean {
  return use.kind === 'vcpu' && use.realtime;
}

function centred(text: string, width: number): string {
  return padEnd(' '.repeat(Math.max(0, Math.floor((width - text.length) / 2))) + text, width);
}

const foldIndent = '  ';

/** `CPUs 8-31,72-95: 40 free, 8 taken by a b`. */
function foldText(cores: readonly CpuSet[], uses: ReadonlyMap<CpuId, CpuUse>): string {
  const cpus = unionOf(cores);
  const kinds = Map.groupBy([...cpus].map((cpu) => uses.get(cpu)!), kindInWords);
  const counts = [...kinds].map(([words, alike]) => {
    const names = [...new Set(alike.flatMap(vmLetters))];
    const count = kinds.size === 1 ? 'all' : String(alike.length);
    return `${count} ${words}${names.length > 0 ? ` by ${names.join(' ')}` : ''}`;
  });
  return `CPUs ${cpus.toString()}: ${counts.join(', ')}`;
}

function kindInWords(use: CpuUse): string {
  switch (use.kind) {
    case 'vcpu':
    case 'emulator':
    case 'idle': return 'taken';
    case 'shared': return use.vms.length === 0 ? 'shared' : 'shared, used';
    case 'free': return 'free';
    case 'host': return "the host's own";
  }
}

function vmLetters(use: CpuUse): string[] {
  if (use.kind === 'shared') return use.vms.map(({ vm }) => vm.letter);
  return 'vm' in use ? [use.vm.letter] : [];
}
