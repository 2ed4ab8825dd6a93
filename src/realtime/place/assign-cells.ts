/** Which host NUMA node each guest cell goes to: every assignment is considered before it is said that none fits. */
import type { PlacedDevice } from '../placement.ts';
import type { Demand } from './demand.ts';
import { matchDevices, nodeIds } from './devices.ts';
import type { DeviceRequest } from './devices.ts';
import { fitCell } from './fit-cell.ts';
import type { CellFit } from './fit-cell.ts';
import type { HostState } from './host-state.ts';
import { preferredNodes } from './node-order.ts';
import { smallMemoryMiB } from './pages.ts';

export interface Assignment {
  /** In the order of the guest's cells. */
  readonly cells: readonly CellFit[];
  readonly devices: readonly PlacedDevice[];
}

/**
 * The first assignment in the order of preference. A dead end is remembered by the set of nodes used and the small-page
 * memory taken, on which alone the rest depends: at most a few times 2^16 states on a host of 16 nodes.
 */
export function assignCells(host: HostState, demand: Demand, requests: readonly DeviceRequest[]): Assignment | undefined {
  const nodes = preferredNodes(host, demand, requests);
  const fits = demand.cells.map(() => new Map<number, CellFit | undefined>());
  const deadEnds = new Set<string>();
  const smallFreeMiB = host.smallFreeMiB;
  const chosen: CellFit[] = [];

  const fitOn = (cell: number, node: number): CellFit | undefined => {
    const known = fits[cell]!;
    if (!known.has(node)) known.set(node, fitCell(host, nodes[node]!, demand.cells[cell]!, demand));
    return known.get(node);
  };

  const search = (used: number, smallMiB: number): readonly PlacedDevice[] | undefined => {
    const cell = chosen.length;
    if (cell === demand.cells.length) return matchDevices(host, requests, cell === 0 ? nodeIds(host) : chosen.map(({ node }) => node.id));
    const state = `${used} ${smallMiB}`;
    if (deadEnds.has(state)) return undefined;
    for (let node = 0; node < nodes.length; node += 1) {
      if ((used & (1 << node)) !== 0) continue;
      const fit = fitOn(cell, node);
      if (fit === undefined) continue;
      const taken = smallMiB + smallMemoryMiB(fit.cell, fit.pageSizeKiB);
      if (taken > smallFreeMiB) continue;
      chosen.push(fit);
      const devices = search(used | (1 << node), taken);
      if (devices !== undefined) return devices;
      chosen.pop();
    }
    deadEnds.add(state);
    return undefined;
  };

  const devices = search(0, 0);
  return devices === undefined ? undefined : { cells: chosen, devices };
}
