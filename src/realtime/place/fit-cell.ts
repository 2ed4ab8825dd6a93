/** Whether one guest cell fits on one host NUMA node, and what it would get there. */
import type { CellDemand, Demand } from './demand.ts';
import type { HostState } from './host-state.ts';
import type { NodeState } from './node-state.ts';
import { choosePageSize } from './pages.ts';
import { pickCores } from './pick-cores.ts';
import type { CorePick } from './pick-cores.ts';

export interface CellFit {
  readonly cell: CellDemand;
  readonly node: NodeState;
  readonly pick: CorePick;
  readonly pageSizeKiB: number;
}

/** Independent of where the guest's other cells go, since each has a node of its own. */
export function fitCell(host: HostState, node: NodeState, cell: CellDemand, { guest }: Demand): CellFit | undefined {
  if (node.freeCpus < cell.dedicated.length + (cell.emulator ? 1 : 0)) return undefined;
  if (!holdsFloating(host, node, cell)) return undefined;
  const pageSizeKiB = choosePageSize(node, cell, guest.memory.pageSize);
  if (pageSizeKiB === undefined) return undefined;
  const pick = pickCores(node, cell, guest.cpu);
  return pick === undefined ? undefined : { cell, node, pick, pageSizeKiB };
}

/**
 * A cell's floating vCPUs need as many shared CPUs on the node, since a guest may not overcommit against itself (as in
 * Nova), and room under the administrator's ratio.
 */
export function holdsFloating({ inventory }: HostState, node: NodeState, { floating }: CellDemand): boolean {
  return floating === 0 || (floating <= node.sharedCount && node.floating + floating <= node.sharedCount * inventory.vcpusPerSharedCpu);
}
