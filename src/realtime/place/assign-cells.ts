/** Which host NUMA node each guest cell goes to. Rules 4.2 and 4.14. */
import type { PlacedDevice } from '../placement.ts';
import { CellFits } from './cell-fits.ts';
import { CellMatching } from './cell-matching.ts';
import { alike } from './demand.ts';
import type { Demand } from './demand.ts';
import { matchDevices, nodeIds } from './devices.ts';
import type { DeviceRequest } from './devices.ts';
import type { CellFit } from './fit-cell.ts';
import type { HostState } from './host-state.ts';
import { cheapestAssignment } from './least-memory.ts';
import { preferredNodes } from './node-order.ts';
import { smallMemoryMiB } from './pages.ts';
import { searchLimit, SearchWork } from './search-work.ts';

export interface Assignment {
  readonly kind: 'found';
  /** In the order of the guest's cells. */
  readonly cells: readonly CellFit[];
  readonly devices: readonly PlacedDevice[];
}

export interface NoAssignment {
  readonly kind: 'none';
  /** False where the search for devices ended at its limit: then there may be one. */
  readonly proven: boolean;
}

/** The first assignment in the order of preference; none only where there is none, but for what {@link NoAssignment} says. */
export function assignCells(host: HostState, demand: Demand, requests: readonly DeviceRequest[], work = new SearchWork()): Assignment | NoAssignment {
  if (demand.cells.length > 0) return new CellSearch(host, demand, requests, work).run();
  const devices = matchDevices(host, requests, nodeIds(host));
  return devices === undefined ? { kind: 'none', proven: true } : { kind: 'found', cells: [], devices };
}

class CellSearch {
  readonly #host: HostState;
  readonly #demand: Demand;
  readonly #requests: readonly DeviceRequest[];
  readonly #work: SearchWork;
  readonly #nodes: number;
  readonly #fits: CellFits;
  readonly #matching: CellMatching;
  /** What the host as a whole has for the cells, where that may be too little: Infinity elsewhere. */
  readonly #smallFreeMiB: number;
  readonly #isTaken: boolean[];
  /** Of the cells that are fixed now, in their order. */
  readonly #chosen: number[] = [];
  #found: Assignment | undefined;

  constructor(host: HostState, demand: Demand, requests: readonly DeviceRequest[], work: SearchWork) {
    const nodes = preferredNodes(host, demand, requests);
    this.#host = host;
    this.#demand = demand;
    this.#requests = requests;
    this.#work = work;
    this.#nodes = nodes.length;
    this.#fits = new CellFits(host, demand, nodes, work);
    this.#matching = new CellMatching(demand.cells.length, nodes.length, (cell, node) => this.#fits.on(cell, node) !== undefined, work);
    this.#smallFreeMiB = demand.mostSmallMemoryMiB <= host.smallFreeMiB ? Infinity : host.smallFreeMiB;
    this.#isTaken = nodes.map(() => false);
  }

  run(): Assignment | NoAssignment {
    if (!this.#matching.complete()) return { kind: 'none', proven: true };
    const sparing = this.#smallFreeMiB === Infinity ? undefined : this.#withLeastMemory();
    if (sparing !== undefined && sparing.cost > this.#smallFreeMiB) return { kind: 'none', proven: true };
    this.#work.limit(searchLimit);
    this.#visit(0, 0);
    if (this.#found === undefined && this.#work.isSpent && sparing !== undefined) this.#keep(sparing.nodes);
    return this.#found ?? { kind: 'none', proven: !this.#work.isSpent };
  }

  #withLeastMemory() {
    return cheapestAssignment(this.#demand.cells.length, this.#nodes, (cell, node) => {
      const fit = this.#fits.on(cell, node);
      return fit === undefined ? Infinity : smallMemoryMiB(fit.cell, fit.pageSizeKiB);
    }, this.#work);
  }

  /** Tries the nodes of one cell, those before it being fixed, and so on to the last; until something is found. */
  #visit(cell: number, smallMiB: number): void {
    const { cells } = this.#demand;
    // Of cells that ask for the same, the later one has the later node: to swap them would change nothing.
    const first = cell > 0 && alike(cells[cell - 1]!, cells[cell]!) ? this.#chosen[cell - 1]! + 1 : 0;
    for (let node = first; node < this.#nodes && !this.#work.isSpent && this.#found === undefined; node += 1) {
      this.#work.count(1);
      const fit = this.#isTaken[node] ? undefined : this.#fits.on(cell, node);
      if (fit === undefined) continue;
      const taken = smallMiB + smallMemoryMiB(fit.cell, fit.pageSizeKiB);
      if (taken > this.#smallFreeMiB || !this.#matching.fix(cell, node)) continue;
      this.#chosen.push(node);
      this.#isTaken[node] = true;
      if (cell + 1 < cells.length) this.#visit(cell + 1, taken);
      else this.#keep(this.#chosen);
      this.#isTaken[node] = false;
      this.#chosen.pop();
    }
  }

  /** Takes these nodes, where they have the devices. */
  #keep(nodes: readonly number[]): void {
    const cells = nodes.map((node, cell) => this.#fits.on(cell, node)!);
    const devices = matchDevices(this.#host, this.#requests, cells.map(({ node }) => node.id), this.#work);
    if (devices !== undefined) this.#found = { kind: 'found', cells, devices };
  }
}
