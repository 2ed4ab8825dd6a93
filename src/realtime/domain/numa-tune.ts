/** Which host NUMA node each guest cell's memory comes from. */
import { CpuSet } from '../cpu-set.ts';
import type { Placement } from '../placement.ts';
import { element } from './element.ts';
import type { XmlElement } from './element.ts';

/** `<numatune>`, strict: memory from elsewhere is refused, not silently taken. Undefined for a guest without cells. */
export function numaTune({ cells }: Placement): XmlElement | undefined {
  if (cells.length === 0) return undefined;
  return element('numatune', {}, [
    element('memory', { mode: 'strict', nodeset: CpuSet.from(cells.map((cell) => cell.hostNode)).toString() }),
    ...cells.map((cell) => element('memnode', { cellid: cell.cell, mode: 'strict', nodeset: cell.hostNode })),
  ]);
}
