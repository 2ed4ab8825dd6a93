/** Which page size a guest cell gets on a host NUMA node. */
import { smallPageKiB } from '../host.ts';
import type { PageSize } from '../spec.ts';
import type { CellDemand } from './demand.ts';
import { isSmall, smallFreeMiB } from './node-state.ts';
import type { NodeState } from './node-state.ts';

/**
 * The page size in KiB for a cell on a node, or undefined where none fits: the biggest first where there is a choice.
 * A cell's memory must be a whole number of pages. Rules 4.8 and 4.9; the order for `Large` and `Any` is Nova's.
 */
export function choosePageSize(node: NodeState, cell: CellDemand, pageSize: PageSize): number | undefined {
  const smallFree = smallFreeMiB(node);
  if (cell.extraMemoryMiB > smallFree) return undefined;
  if (pageSize !== 'Small') {
    for (const { sizeKiB, capacity, used } of node.hugepages) {
      if (!accepts(pageSize, sizeKiB)) continue;
      const needed = (cell.memoryMiB * 1024) / sizeKiB;
      if (Number.isInteger(needed) && needed <= capacity - used) return sizeKiB;
    }
  }
  return accepts(pageSize, smallPageKiB) && cell.memoryMiB + cell.extraMemoryMiB <= smallFree ? smallPageKiB : undefined;
}

/** Whether a cell may have pages of this size at all. */
export function accepts(pageSize: PageSize, sizeKiB: number): boolean {
  switch (pageSize) {
    case 'Small': return isSmall(sizeKiB);
    case 'Large': return !isSmall(sizeKiB);
    case 'Any': return true;
    case '2Mi': return sizeKiB === 2048;
    case '1Gi': return sizeKiB === 1_048_576;
  }
}

/** Small-page memory that a cell takes on its node, in MiB. */
export function smallMemoryMiB(cell: CellDemand, pageSizeKiB: number): number {
  return cell.extraMemoryMiB + (isSmall(pageSizeKiB) ? cell.memoryMiB : 0);
}
