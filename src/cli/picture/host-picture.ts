/** The picture of one host: a frame for each host NUMA node, its cores with who has their CPUs, its memory. */
import { cacheGroups } from '../../realtime/cache-groups.ts';
import type { CpuSet } from '../../realtime/cpu-set.ts';
import { unionOf } from '../../realtime/cpu-set.ts';
import type { HostInventory, HostNumaNode } from '../../realtime/host.ts';
import type { Style } from '../style.ts';
import { textWidth, wrapParts } from '../table.ts';
import { cellWidthOf, coreItems, coreWidth, drawCores, mostCoresDrawnWhole } from './cores.ts';
import type { CoreDrawing, CoreGroup, CoreItem } from './cores.ts';
import { cpuUses } from './cpu-use.ts';
import type { DrawnVm } from './cpu-use.ts';
import { describeMarks } from './label.ts';
import { drawMemoryBars, memoryColumns, memoryUses } from './memory-bars.ts';
import type { MemoryUse } from './memory-bars.ts';
import { frame, frameWidth, sideBySide } from './node-box.ts';
import { glyphsFor } from './glyphs.ts';

export interface PictureOptions {
  /** Columns to keep to. */
  readonly width: number;
  readonly unicode: boolean;
  readonly style: Style;
}

/** Narrower than this, figures of memory leave no room for their bar. */
const narrowestNode = 34;
/** Nodes stand side by side only where that does not make them taller than this many rows of cores. */
const mostRowsSideBySide = 2;

interface NodeContent {
  readonly node: HostNumaNode;
  readonly items: readonly CoreItem[];
  readonly memory: readonly MemoryUse[];
}

/**
 * Draws the host.
 * @param vms all VMs on the host, those planned now and those that were there before
 * @returns lines without a final newline; below the frames the key to the marks
 */
export function drawHost(host: HostInventory, vms: readonly DrawnVm[], { width, unicode, style }: PictureOptions): string {
  const glyphs = glyphsFor(unicode);
  const uses = cpuUses(host, vms);
  const drawing: CoreDrawing = { glyphs, style, cellWidth: cellWidthOf(uses, glyphs) };
  const fold = host.cores.length > mostCoresDrawnWhole;
  const nodes = host.numaNodes.map((node): NodeContent => ({
    node,
    items: coreItems(coreGroups(host, node), uses, fold),
    memory: memoryUses(host, node, vms),
  }));

  const perRow = nodesPerRow(nodes, coreWidth(host.cores, drawing.cellWidth) + 1, width);
  const room = Math.floor((width - (perRow - 1)) / perRow) - frameWidth;
  const columns = memoryColumns(nodes.flatMap(({ memory }) => memory), room);
  const contents = nodes.map(({ node, items, memory }) => ({
    title: `host NUMA node ${node.id}`,
    cores: drawCores(items, uses, room, drawing),
    memory: drawMemoryBars(memory, columns, glyphs, style),
  }));
  const inner = Math.max(narrowestNode, ...contents.flatMap(({ title, cores, memory }) => [textWidth(title) + 2, ...[...cores, ...memory].map(textWidth)]));
  const frames = contents.map(({ title, cores, memory }, index) => {
    const first = index - (index % perRow);
    const height = Math.max(...contents.slice(first, first + perRow).map((beside) => beside.cores.length));
    const padding = Array.from({ length: height - cores.length }, () => '');
    return frame(style('bold', title), [...cores, ...padding, ...memory], inner, glyphs, style);
  });
  return [
    ...wrapParts(describeHost(host), ', ', width).map((line, index) => (index === 0 ? line.replace(host.name, style('bold', host.name)) : line)),
    ...sideBySide(frames, perRow),
    ...wrapParts(describeMarks(uses.values(), glyphs, style), '  ', width),
    ...thereBefore(vms, width),
  ].join('\n');
}

/** The cores of a node by the cache that they share: `L3 of CPUs 0-7`. */
function coreGroups(host: HostInventory, node: HostNumaNode): readonly CoreGroup[] {
  const cores = host.cores.filter((core) => core.overlaps(node.cpus));
  const found = cacheGroups(host.caches, cores);
  if (found === undefined) return [{ cores }];
  return found.groups.map((members) => {
    const own = members.map((core) => cores[core]!);
    return { title: `L${found.level} of CPUs ${unionOf(own).toString()}`, cores: own };
  });
}

/** Names of more VMs than this are counted: on a full host they would take more room than the host. */
const mostNamed = 12;

/** `there before: a default/plc-1   b default/plc-2`. */
function thereBefore(vms: readonly DrawnVm[], width: number): string[] {
  const held = vms.filter((vm) => !vm.planned);
  if (held.length === 0) return [];
  const rest = held.length - mostNamed;
  const names = held.slice(0, mostNamed).map(({ letter, name }) => `${letter} ${name}`);
  return wrapParts([`there before: ${names[0]!}`, ...names.slice(1), ...(rest > 0 ? [`and ${rest} more`] : [])], '  ', width);
}

/** As many nodes beside each other as leave each of them wide enough. */
function nodesPerRow(nodes: readonly NodeContent[], coreColumns: number, width: number): number {
  for (let count = nodes.length; count > 1; count -= 1) {
    const inner = Math.floor((width - (count - 1)) / count) - frameWidth;
    const coresPerRow = Math.floor((inner + 1) / coreColumns);
    const fits = nodes.every(({ items }) => rowsOf(items, coresPerRow) <= mostRowsSideBySide);
    if (inner >= narrowestNode && fits) return count;
  }
  return 1;
}

/** Rows of cores; those of each group begin a new one. */
function rowsOf(items: readonly CoreItem[], coresPerRow: number): number {
  let rows = 0;
  let cores = 0;
  for (const { kind } of [...items, { kind: 'group' }]) {
    if (kind === 'core') cores += 1;
    if (kind !== 'group') continue;
    rows += Math.ceil(cores / coresPerRow);
    cores = 0;
  }
  return rows;
}

/** The parts of `host-a: 8 CPUs in 4 cores, dedicated 2-7, shared 0-1`. */
function describeHost(host: HostInventory): string[] {
  const cpus = host.cores.reduce((sum, core) => sum + core.size, 0);
  const smt = host.cores.some((core) => core.size > 1);
  const offered = (name: string, set: CpuSet) => (set.isEmpty ? `nothing ${name}` : `${name} ${set.toString()}`);
  return [
    `${host.name}: ${cpus} CPUs${smt ? ` in ${host.cores.length} cores` : ''}`,
    offered('dedicated', host.dedicatedCpus),
    offered('shared', host.sharedCpus),
    ...(host.unschedulable ? ['unschedulable'] : []),
  ];
}

